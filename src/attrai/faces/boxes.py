"""Arithmetic on arrays of boxes: shape (n, 4), columns x1, y1, x2, y2, in pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.inference import FloatArray

Indices = NDArray[np.intp]


def iou_matrix(first: FloatArray, second: FloatArray) -> FloatArray:
    """The IoU of each box in `first` with each in `second`: shape (n, m), from 0 to 1."""
    shared, areas = _shared(first, second)
    result: FloatArray = shared / _positive(areas[0][:, None] + areas[1][None, :] - shared)
    return result


def iom_matrix(first: FloatArray, second: FloatArray) -> FloatArray:
    """The part that two boxes share of the smaller one, which is 1 for a box inside another."""
    shared, areas = _shared(first, second)
    result: FloatArray = shared / _positive(np.minimum(areas[0][:, None], areas[1][None, :]))
    return result


def _shared(first: FloatArray, second: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
    left_top = np.maximum(first[:, None, :2], second[None, :, :2])
    right_bottom = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = (right_bottom - left_top).clip(min=0)
    areas = [(b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) for b in (first, second)]
    return sides[..., 0] * sides[..., 1], areas


def _positive(areas: FloatArray) -> FloatArray:
    return np.maximum(areas, np.finfo(np.float32).tiny)


def non_maximum_suppression(boxes: FloatArray, scores: FloatArray, threshold: float) -> Indices:
    """Keeps the best of the boxes whose IoU is more than `threshold`.

    Greedy: the box with the highest score stays, what iou_matrix it goes, and so on with the rest.

    Args:
        boxes: shape (n, 4).
        scores: shape (n,), positive.
        threshold: between 0 and 1.

    Returns:
        The indices of the boxes that stay, the best first.
    """
    left_top_and_sides = boxes.astype(np.float64)
    left_top_and_sides[:, 2:] -= left_top_and_sides[:, :2]
    # OpenCV takes arrays too, which its types don't say.
    suppress: Any = cv2.dnn.NMSBoxes
    kept = suppress(left_top_and_sides, scores, 0.0, threshold)
    return np.array(kept, np.intp).reshape(-1)


def suppress_contained(boxes: FloatArray, scores: FloatArray, threshold: float) -> Indices:
    """The same for boxes of which the smaller one is covered by more than `threshold`."""
    covered = iom_matrix(boxes, boxes) > threshold
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if not covered[i, kept].any():
            kept.append(i)
    return np.array(kept, np.intp)


def to_square(boxes: FloatArray) -> FloatArray:
    """The smallest squares around the same centres."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.hstack([centres - half, centres + half])


def apply_regression(boxes: FloatArray, offsets: FloatArray, extra: int) -> FloatArray:
    """The boxes with each edge moved by its offset, given in sides of the box.

    Args:
        boxes: shape (n, 4).
        offsets: shape (n, 4), what a network of the cascade puts out.
        extra: pixels that the side is longer than x2 - x1: the second and third networks
            were trained with boxes that include their last pixel (1), the first not (0).
    """
    sides = boxes[:, 2:] - boxes[:, :2] + extra
    return boxes + offsets * np.hstack([sides, sides])
