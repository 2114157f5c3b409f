"""Operations on bounding boxes: arrays of shape (n, 4), columns x1, y1, x2, y2, in pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.inference import FloatArray

Indices = NDArray[np.intp]


def iou_matrix(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the IoU of each box in `first` with each in `second`: shape (n, m), from 0 to 1.

    IoU is the area of the intersection divided by that of the union.
    """
    shared, areas = _shared(first, second)
    result: FloatArray = shared / _positive(areas[0][:, None] + areas[1][None, :] - shared)
    return result


def iom_matrix(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the intersection over minimum of each pair of boxes: shape (n, m), from 0 to 1.

    It is the area of the intersection divided by that of the smaller box, so it is 1 for a box
    inside another.
    """
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
    """Return the indices of the boxes that survive non-maximum suppression, best first.

    The algorithm is greedy: it keeps the box with the highest score, drops every box whose IoU
    with it exceeds `threshold`, and repeats with the rest.

    Args:
        boxes: Shape (n, 4).
        scores: Shape (n,), positive.
        threshold: IoU between 0 and 1.
    """
    left_top_and_sides = boxes.astype(np.float64)
    left_top_and_sides[:, 2:] -= left_top_and_sides[:, :2]
    # OpenCV accepts arrays, but its type stubs don't say so.
    suppress: Any = cv2.dnn.NMSBoxes
    kept = suppress(left_top_and_sides, scores, 0.0, threshold)
    return np.array(kept, np.intp).reshape(-1)


def suppress_contained(boxes: FloatArray, scores: FloatArray, threshold: float) -> Indices:
    """Return the indices of the boxes that survive suppression by IoM, best first.

    Like `non_maximum_suppression`, but two boxes compete when more than `threshold` of the
    smaller one is covered by the other.
    """
    covered = iom_matrix(boxes, boxes) > threshold
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if not covered[i, kept].any():
            kept.append(i)
    return np.array(kept, np.intp)


def to_square(boxes: FloatArray) -> FloatArray:
    """Return the smallest square around each box, with the same centre."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.hstack([centres - half, centres + half])


def apply_regression(boxes: FloatArray, offsets: FloatArray, extra: int) -> FloatArray:
    """Return the boxes with each edge moved by its bounding-box regression offset.

    Args:
        boxes: Shape (n, 4).
        offsets: Shape (n, 4), as fractions of the box's side: the output of a cascade network.
        extra: Pixels to add to x2 - x1 and y2 - y1 to get the sides. R-Net and O-Net were
            trained with boxes that include their last pixel (1), P-Net was not (0).
    """
    sides = boxes[:, 2:] - boxes[:, :2] + extra
    return boxes + offsets * np.hstack([sides, sides])
