"""Arithmetic on arrays of boxes: shape (n, 4), columns x1, y1, x2, y2, in pixels."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from attrai.inference import FloatArray

Indices = NDArray[np.intp]
Overlap = Literal["union", "smaller"]

#: How many boxes are compared with one another at once: bounds the memory of the matrix.
_BLOCK = 512


def overlaps(first: FloatArray, second: FloatArray, over: Overlap = "union") -> FloatArray:
    """The shared area of each box in `first` with each in `second`, as a part of something.

    Args:
        first: shape (n, 4).
        second: shape (m, 4).
        over: what the shared area is divided by: "union" gives the IoU, "smaller" the part
            of the smaller box, which is 1 for a box inside another.

    Returns:
        Shape (n, m), from 0 to 1.
    """
    left_top = np.maximum(first[:, None, :2], second[None, :, :2])
    right_bottom = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = (right_bottom - left_top).clip(min=0)
    shared = sides[..., 0] * sides[..., 1]
    areas = [(b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) for b in (first, second)]
    if over == "union":
        whole = areas[0][:, None] + areas[1][None, :] - shared
    else:
        whole = np.minimum(areas[0][:, None], areas[1][None, :])
    result: FloatArray = shared / np.maximum(whole, np.finfo(np.float32).tiny)
    return result


def non_maximum_suppression(
    boxes: FloatArray, probabilities: FloatArray, threshold: float, over: Overlap = "union"
) -> Indices:
    """Keeps the best of the boxes that overlap by more than `threshold`.

    Greedy: the most probable box stays, what overlaps it goes, and so on with the rest.

    Returns:
        The indices of the boxes that stay, the most probable first.
    """
    rest = np.argsort(-probabilities, kind="stable")
    kept: list[Indices] = []
    while rest.size:
        block, rest = rest[:_BLOCK], rest[_BLOCK:]
        hides = overlaps(boxes[block], boxes[block], over) > threshold
        alive = np.ones(block.size, dtype=bool)
        for i in range(block.size):
            if alive[i]:
                alive[i + 1 :] &= ~hides[i, i + 1 :]
        best = block[alive]
        kept.append(best)
        if rest.size:
            hidden = (overlaps(boxes[best], boxes[rest], over) > threshold).any(axis=0)
            rest = rest[~hidden]
    return np.concatenate(kept) if kept else rest


def squared(boxes: FloatArray) -> FloatArray:
    """The smallest squares around the same centres."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.hstack([centres - half, centres + half])


def shifted(boxes: FloatArray, offsets: FloatArray, extra: int) -> FloatArray:
    """The boxes with each edge moved by its offset, given in sides of the box.

    Args:
        boxes: shape (n, 4).
        offsets: shape (n, 4), what a network of the cascade puts out.
        extra: pixels that the side is longer than x2 - x1: the second and third networks
            were trained with boxes that include their last pixel (1), the first not (0).
    """
    sides = boxes[:, 2:] - boxes[:, :2] + extra
    return boxes + offsets * np.hstack([sides, sides])
