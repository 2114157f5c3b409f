"""The cascade around MTCNN's networks: photo -> boxes, landmarks, probabilities.

Proposals from a pyramid of the photo are refined, then located, each time all candidates in
one batch. The steps and constants are facenet-pytorch's, so that its thresholds mean the same.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from attrai.faces.boxes import non_maximum_suppression, shifted, squared
from attrai.faces.networks import CascadeNetworks
from attrai.inference import FloatArray

Pixels = NDArray[np.uint8]

#: Side of the smallest face that the first network sees, and its step, in its input's pixels.
_CELL, _STRIDE = 12, 2
#: Each level of the pyramid is this much smaller than the one before: the area halves.
_LEVEL_FACTOR = 0.709


class Thresholds(NamedTuple):
    """The least probability that lets a candidate through each network."""

    propose: float
    refine: float
    locate: float


class Found(NamedTuple):
    """What the cascade found, n faces, the most probable first."""

    boxes: FloatArray  #: shape (n, 4)
    landmarks: FloatArray  #: shape (n, 5, 2)
    probabilities: FloatArray  #: shape (n,)


_NOTHING = Found(
    np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32)
)


def find_faces(
    photo: Pixels, networks: CascadeNetworks, min_side: int, thresholds: Thresholds
) -> Found:
    """Runs the cascade.

    Args:
        photo: RGB, shape (height, width, 3).
        networks: what judges the candidates.
        min_side: side of the smallest face to look for, in pixels.
        thresholds: least probabilities.
    """
    boxes = _propose(photo, networks, min_side, thresholds.propose)
    boxes = _refine(photo, networks, boxes, thresholds.refine)
    return _locate(photo, networks, boxes, thresholds.locate)


def _propose(
    photo: Pixels, networks: CascadeNetworks, min_side: int, threshold: float
) -> FloatArray:
    height, width = photo.shape[:2]
    scale = _CELL / min_side
    level: MatLike = photo
    boxes, probabilities, offsets = [], [], []
    while min(height, width) * scale >= _CELL:
        size = (int(width * scale + 1), int(height * scale + 1))
        level = cv2.resize(level, size, interpolation=cv2.INTER_AREA)
        moves, answers = networks.propose(_normalised(level[np.newaxis]))
        face = answers[0, 1]
        rows, columns = np.nonzero(face >= threshold)
        corners = np.stack([columns, rows, columns, rows], axis=1).astype(np.float32) * _STRIDE
        corners += np.array([1, 1, _CELL, _CELL], np.float32)
        of_level = np.floor(corners / np.float32(scale))
        best = non_maximum_suppression(of_level, face[rows, columns], 0.5)
        boxes.append(of_level[best])
        probabilities.append(face[rows, columns][best])
        offsets.append(moves[0][:, rows, columns].T[best])
        scale *= _LEVEL_FACTOR
    if not boxes:
        return _NOTHING.boxes
    everywhere = np.concatenate(boxes)
    best = non_maximum_suppression(everywhere, np.concatenate(probabilities), 0.7)
    return squared(shifted(everywhere[best], np.concatenate(offsets)[best], extra=0))


def _refine(
    photo: Pixels, networks: CascadeNetworks, boxes: FloatArray, threshold: float
) -> FloatArray:
    boxes, crops = _crops(photo, boxes, 24)
    if not len(boxes):
        return boxes
    offsets, answers = networks.refine(crops)
    passed = np.flatnonzero(answers[:, 1] > threshold)
    best = passed[non_maximum_suppression(boxes[passed], answers[passed, 1], 0.7)]
    return squared(shifted(boxes[best], offsets[best], extra=1))


def _locate(photo: Pixels, networks: CascadeNetworks, boxes: FloatArray, threshold: float) -> Found:
    boxes, crops = _crops(photo, boxes, 48)
    if not len(boxes):
        return _NOTHING
    offsets, points, answers = networks.locate(crops)
    passed = answers[:, 1] > threshold
    boxes, offsets, points = boxes[passed], offsets[passed], points[passed]
    probabilities = answers[passed, 1]
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    # The network puts out five x and then five y, in sides of the box.
    landmarks = points.reshape(-1, 2, 5).transpose(0, 2, 1)
    landmarks = landmarks * sides[:, None] + boxes[:, None, :2] - 1
    boxes = shifted(boxes, offsets, extra=1)
    best = non_maximum_suppression(boxes, probabilities, 0.7, over="smaller")
    return Found(boxes[best], landmarks[best], probabilities[best])


def _crops(photo: Pixels, boxes: FloatArray, side: int) -> tuple[FloatArray, FloatArray]:
    """The boxes that touch the photo, and what they show of it as one normalised batch."""
    height, width = photo.shape[:2]
    windows = np.trunc(boxes).astype(int)
    windows[:, :2] = windows[:, :2].clip(min=1) - 1
    windows[:, 2:] = windows[:, 2:].clip(max=[width, height])
    inside = (windows[:, 2:] > windows[:, :2]).all(axis=1)
    crops = np.empty((int(inside.sum()), side, side, 3), np.uint8)
    for crop, (x1, y1, x2, y2) in zip(crops, windows[inside], strict=True):
        cv2.resize(photo[y1:y2, x1:x2], (side, side), dst=crop, interpolation=cv2.INTER_AREA)
    return boxes[inside], _normalised(crops)


def _normalised(images: MatLike) -> FloatArray:
    """Images, shape (n, h, w, 3), as the networks want them."""
    batch = images.astype(np.float32)
    batch -= 127.5
    batch /= 128
    return batch
