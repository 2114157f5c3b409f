"""Tests of the operations on bounding boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from attrai.faces.boxes import (
    apply_regression,
    iom_matrix,
    iou_matrix,
    non_maximum_suppression,
    suppress_contained,
    to_square,
)
from attrai.inference import FloatArray

coordinates = st.floats(0, 90, width=32)
sides = st.floats(1, 60, width=32)
box_lists = st.lists(st.tuples(coordinates, coordinates, sides, sides), max_size=30)


def as_boxes(corners_and_sides: list[tuple[float, float, float, float]]) -> FloatArray:
    """Return boxes from their top left corners and sides."""
    array = np.array(corners_and_sides, np.float32).reshape(-1, 4)
    array[:, 2:] += array[:, :2]
    return array


def test_overlaps() -> None:
    """IoU divides the intersection by the union, and IoM by the smaller box."""
    first = np.array([[0, 0, 10, 10]], np.float32)
    second = np.array([[5, 0, 15, 10], [2, 2, 4, 4], [20, 20, 30, 30]], np.float32)
    assert_allclose(iou_matrix(first, second), [[1 / 3, 0.04, 0]], rtol=1e-6)
    assert_allclose(iom_matrix(first, second), [[0.5, 1, 0]], rtol=1e-6)


@given(box_lists, st.randoms(), st.sampled_from([0.31, 0.71]))
@pytest.mark.parametrize(
    ("suppress", "measure"),
    [(non_maximum_suppression, iou_matrix), (suppress_contained, iom_matrix)],
)
def test_suppression_is_greedy(suppress, measure, corners, random, threshold) -> None:  # noqa: ANN001 - passed by hypothesis
    """The boxes that are kept are those of the greedy definition, box by box."""
    boxes = as_boxes(corners)
    scores = np.array([random.choice([0.6, 0.7, 0.8, 0.9]) for _ in boxes], np.float32)
    # So close to the threshold that rounding decides, either answer is right.
    measured = measure(boxes, boxes)
    assume(not (abs(measured - threshold) < 1e-5).any())
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if all(measured[i, k] <= threshold for k in kept):
            kept.append(int(i))
    assert suppress(boxes, scores, threshold).tolist() == kept


def test_suppression_is_bounded() -> None:
    """Suppressing 20,000 candidates, as from a hostile photo, takes seconds and no gigabytes."""
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 1000, (20_000, 2)).astype(np.float32)
    boxes = np.hstack([corners, corners + 40])
    kept = non_maximum_suppression(boxes, 1 - rng.random(20_000, np.float32), 0.5)
    pairs = iou_matrix(boxes[kept], boxes[kept])
    np.fill_diagonal(pairs, 0)
    assert 100 < len(kept) < 20_000
    assert pairs.max() <= 0.5


@given(box_lists)
def test_squares_contain_their_boxes(corners: list[tuple[float, float, float, float]]) -> None:
    """A square contains its box, has the box's longer side, and keeps its centre."""
    boxes = as_boxes(corners)
    squares = to_square(boxes)
    assert_allclose(squares[:, 2] - squares[:, 0], squares[:, 3] - squares[:, 1], rtol=1e-3)
    assert (squares[:, :2] <= boxes[:, :2] + 1e-3).all()
    assert (squares[:, 2:] >= boxes[:, 2:] - 1e-3).all()
    assert_allclose(squares.reshape(-1, 2, 2).mean(1), boxes.reshape(-1, 2, 2).mean(1), atol=1e-3)


def test_shifted() -> None:
    """Each edge moves by its offset times the side, which may include the box's last pixel."""
    box = np.array([[10, 20, 19, 39]], np.float32)
    offsets = np.array([[0.1, -0.1, 0.5, 0]], np.float32)
    assert_allclose(apply_regression(box, offsets, extra=1), [[11, 18, 24, 39]], rtol=1e-6)
    assert_allclose(apply_regression(box, offsets, extra=0), [[10.9, 18.1, 23.5, 39]], rtol=1e-6)
