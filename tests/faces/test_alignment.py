"""Tests of alignment: landmarks end up on the template whatever a face's size, place and angle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from PIL import Image

from attrai.faces import aligned_crops
from attrai.faces.alignment import CROP_SIDE, TEMPLATE, fit_similarity
from attrai.job import Box, Face, Point


@given(
    angle=st.floats(-3.1, 3.1),
    scale=st.floats(0.05, 20),
    shift=st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)),
)
def test_similarity_is_found(angle: float, scale: float, shift: tuple[float, float]) -> None:
    """The rotation, scale and shift of transformed points are recovered exactly."""
    matrix = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = fit_similarity(TEMPLATE, TEMPLATE @ matrix.T + shift)
    assert_allclose(found[:, :2], matrix, atol=1e-6 * scale)
    assert_allclose(found[:, 2], shift, atol=1e-6 * (scale + 2000))


def test_similarity_is_a_least_squares_fit() -> None:
    """No transform nearby fits noisy points better."""
    rng = np.random.default_rng(1)
    points, targets = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    found = fit_similarity(points, targets)

    def error(matrix: np.ndarray) -> float:
        return float(((points @ matrix[:, :2].T + matrix[:, 2] - targets) ** 2).sum())

    for _ in range(50):
        a, b, x, y = rng.normal(scale=0.01, size=4)
        assert error(found) <= error(found + np.array([[a, -b, x], [b, a, y]]))


def test_points_in_one_place_do_not_crash(face: Face) -> None:
    """Landmarks that all coincide, as in no real face, still give a crop."""
    flat = face.model_copy(update={"landmarks": (face.landmarks[0],) * 5})
    photo = np.zeros((100, 100, 3), np.uint8)
    assert aligned_crops(photo, [flat], CROP_SIDE).shape == (1, CROP_SIDE, CROP_SIDE, 3)


def test_no_faces() -> None:
    """A photo without faces gives an empty array of crops."""
    assert aligned_crops(np.zeros((9, 9, 3), np.uint8), [], 64).shape == (0, 64, 64, 3)


@pytest.mark.parametrize("scale", [0.5, 1, 2.5, 6])
@pytest.mark.parametrize("quarter_turns", [0, 1, 2])
def test_crops_are_alike_at_any_size_and_angle(
    astronaut: Image.Image, scale: float, quarter_turns: int
) -> None:
    """The same face in a larger, smaller or rotated photo gives the same crop without aliasing."""
    landmarks = np.array([(205, 101), (248, 104), (226, 130), (202, 139), (246, 142)])
    photo = astronaut.crop((120, 20, 330, 230))
    landmarks = landmarks + 0.5 - (120, 20)  # from here on pixel centres are at half-integers
    usual = crop(photo, landmarks)
    side = round(210 * scale)
    resized = photo.resize((side, side), Image.Resampling.LANCZOS)
    for _ in range(quarter_turns):  # a quarter turn takes the point (x, y) to (y, side - x)
        landmarks = np.column_stack([landmarks[:, 1], 210 - landmarks[:, 0]])
    turned = resized.rotate(90 * quarter_turns)
    difference = np.abs(crop(turned, landmarks * side / 210) - usual)
    assert difference.mean() < 4


@pytest.mark.parametrize(("side", "margin", "border"), [(150, 0.2, 30), (128, 0.1, 13)])
def test_a_margin_is_added_around_the_crop(
    astronaut: Image.Image, side: int, margin: float, border: int
) -> None:
    """With a margin, the usual crop is in the middle of a larger one."""
    landmarks = np.array([(205, 101), (248, 104), (226, 130), (202, 139), (246, 142)]) + 0.5
    larger = crop(astronaut, landmarks, side, margin)
    assert larger.shape == (side + 2 * border, side + 2 * border, 3)
    middle = larger[border:-border, border:-border]
    assert np.abs(middle - crop(astronaut, landmarks, side)).mean() < 0.5
    assert larger[:border].std() > 10  # the border shows the photo


def crop(
    photo: Image.Image, landmarks: NDArray[np.float64], side: int = CROP_SIDE, margin: float = 0
) -> NDArray[np.float64]:
    """Return the crop of a face with the given landmarks, whose pixel centres are at x.5."""
    points = tuple(Point(*point) for point in (landmarks - 0.5).tolist())
    face = Face(box=Box(0, 0, 1, 1), landmarks=points, probability=1)
    return aligned_crops(np.asarray(photo), [face], side, margin)[0].astype(float)
