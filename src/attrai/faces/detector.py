"""The cascade around MTCNN's networks: photo -> boxes, landmarks, probabilities.

Proposals from a pyramid of the photo are refined, then located, each time all candidates in
one batch. The steps are facenet-pytorch's, so that its thresholds mean the same.

The detector: photo -> faces, left to right.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.faces.boxes import (
    apply_regression,
    non_maximum_suppression,
    suppress_contained,
    to_square,
)
from attrai.faces.networks import CascadeNetworks
from attrai.faces.pyramid import ImagePyramid, halve, levels_of, mosaic_of
from attrai.inference import FloatArray, Images
from attrai.job import Face

#: Side of the smallest face that the first network sees, and its step, in its input's pixels.
_CELL, _STRIDE = 12, 2
#: The most cells that a level may have along its shorter side for its faces to be large ones: a
#: face is then a third of the photo or more.
_LARGE = 3
#: Proposals, and refined ones, that overlap by more are the same face. With 0.7, as in
#: facenet-pytorch, the networks get three times as many, and find one face in 480 more.
_SAME = 0.5


class Thresholds(NamedTuple):
    """The least probability that lets a candidate through each network."""

    pnet: float
    pnet_large: float  #: the first one's, for a face that fills much of the photo
    rnet: float
    onet: float


class Found(NamedTuple):
    """What the cascade found, n faces, the most probable first."""

    boxes: FloatArray  #: shape (n, 4)
    landmarks: FloatArray  #: shape (n, 5, 2)
    probabilities: FloatArray  #: shape (n,)


_NOTHING = Found(
    np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32)
)


def find_faces(
    photo: Images, networks: CascadeNetworks, min_side: int, thresholds: Thresholds
) -> Found:
    """Runs the cascade.

    Args:
        photo: RGB, shape (height, width, 3).
        networks: what judges the candidates.
        min_side: side of the smallest face to look for, in pixels.
        thresholds: least probabilities.
    """
    pyramid = ImagePyramid(photo)
    boxes = _run_pnet(pyramid, networks, min_side, thresholds)
    boxes = _run_rnet(pyramid, networks, boxes, thresholds.rnet)
    return _run_onet(pyramid, networks, boxes, thresholds.onet)


def _run_pnet(
    pyramid: ImagePyramid, networks: CascadeNetworks, min_side: int, thresholds: Thresholds
) -> FloatArray:
    height, width = pyramid.photo.shape[:2]
    levels = levels_of(width, height, _CELL / min_side, _CELL)
    if not levels:
        return _NOTHING.boxes
    (answers,) = networks.pnet(mosaic_of(pyramid, levels)[np.newaxis])
    logits, moves = answers[0], answers[1:]
    boxes, sure, offsets = [], [], []
    for level in levels:
        top, left = level.y // _STRIDE, level.x // _STRIDE
        bottom = top + (level.height - _CELL) // _STRIDE + 1
        right = left + (level.width - _CELL) // _STRIDE + 1
        face = logits[top:bottom, left:right]
        large = min(level.width, level.height) <= _LARGE * _CELL
        threshold = thresholds.pnet_large if large else thresholds.pnet
        rows, columns = np.nonzero(face >= _logit(threshold))
        if not rows.size:
            continue
        corners = np.stack([columns, rows, columns, rows], axis=1).astype(np.float32) * _STRIDE
        corners += np.array([1, 1, _CELL, _CELL], np.float32)
        scales = np.array([level.width / width, level.height / height] * 2, np.float32)
        of_level = np.floor(corners / scales)
        best = non_maximum_suppression(of_level, face[rows, columns], _SAME)
        rows, columns = rows[best], columns[best]
        boxes.append(of_level[best])
        sure.append(face[rows, columns])
        offsets.append(moves[:, top + rows, left + columns].T)
    if not boxes:
        return _NOTHING.boxes
    everywhere = np.concatenate(boxes)
    best = non_maximum_suppression(everywhere, np.concatenate(sure), _SAME)
    return to_square(apply_regression(everywhere[best], np.concatenate(offsets)[best], extra=0))


def _run_rnet(
    pyramid: ImagePyramid, networks: CascadeNetworks, boxes: FloatArray, threshold: float
) -> FloatArray:
    boxes, crops = _crops(pyramid, boxes, 24)
    if not len(boxes):
        return boxes
    answers = networks.rnet(crops)
    passed = np.flatnonzero(answers[:, 0] > _logit(threshold))
    best = passed[non_maximum_suppression(boxes[passed], answers[passed, 0], _SAME)]
    return to_square(apply_regression(boxes[best], answers[best, 1:], extra=1))


def _run_onet(
    pyramid: ImagePyramid, networks: CascadeNetworks, boxes: FloatArray, threshold: float
) -> Found:
    boxes, crops = _crops(pyramid, boxes, 48)
    if not len(boxes):
        return _NOTHING
    answers = networks.onet(crops)
    passed = answers[:, 0] > _logit(threshold)
    boxes, answers = boxes[passed], answers[passed]
    logits, offsets, points = answers[:, 0], answers[:, 1:5], answers[:, 5:]
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    # The network puts out five x and then five y, in sides of the box.
    landmarks = points.reshape(-1, 2, 5).transpose(0, 2, 1)
    landmarks = landmarks * sides[:, None] + boxes[:, None, :2] - 1
    boxes = apply_regression(boxes, offsets, extra=1)
    best = suppress_contained(boxes, logits, 0.7)
    probabilities: FloatArray = np.reciprocal(1 + np.exp(-logits[best]))
    return Found(boxes[best], landmarks[best], probabilities)


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _crops(pyramid: ImagePyramid, boxes: FloatArray, side: int) -> tuple[FloatArray, Images]:
    """The boxes that touch the photo, and what they show of it as one batch."""
    height, width = pyramid.photo.shape[:2]
    windows = np.trunc(boxes)
    windows[:, :2] = windows[:, :2].clip(min=1) - 1
    windows[:, 2:] = windows[:, 2:].clip(max=[width, height])
    inside = (windows[:, 2:] > windows[:, :2]).all(axis=1)
    # As one column, so that all are halved at once.
    twice = 2 * side
    column = np.empty((twice * int(inside.sum()), twice, 3), np.uint8)
    for place, window in enumerate(windows[inside].tolist()):
        pyramid.draw(window, column[place * twice : (place + 1) * twice])
    if not column.size:
        return boxes[inside], np.empty((0, side, side, 3), np.uint8)
    return boxes[inside], halve(column).reshape(-1, side, side, 3)


#: MTCNN's own are 0.6 for any size, 0.7 and 0.7. Of the first network's candidates 0.7 spares a
#: quarter and loses no face in 480, but portraits that fill the photo; these are few candidates,
#: and with 0.5 fewer are missed than with 0.6. With 0.7 for the last network one photo in 60 of
#: MEBeauty gets a face where there is none; 0.85 halves that and loses no face of its 1,959 photos.
THRESHOLDS = Thresholds(pnet=0.7, pnet_large=0.5, rnet=0.7, onet=0.85)


class Detection(NamedTuple):
    """What the detector found on a photo."""

    faces: tuple[Face, ...]  #: left to right; the largest when there were too many
    found: int  #: how many faces there were


class Detector:
    """Finds the faces on a photo."""

    def __init__(self, networks: CascadeNetworks, *, min_side: int, max_faces: int) -> None:
        """`min_side` is the side of the smallest face to look for, in pixels."""
        # OpenCV's threads would compete with the other replicas for the machine's cores.
        cv2.setNumThreads(1)
        self._networks = networks
        self._min_side = min_side
        self._max_faces = max_faces

    def __call__(self, photo: NDArray[np.uint8]) -> Detection:
        """The faces on `photo`, RGB, shape (height, width, 3)."""
        faces = _faces(find_faces(photo, self._networks, self._min_side, THRESHOLDS))
        largest = sorted(faces, key=lambda face: face.box.width * face.box.height, reverse=True)
        shown = sorted(largest[: self._max_faces], key=lambda face: face.box.x1 + face.box.x2)
        return Detection(tuple(shown), len(faces))


def _faces(found: Found) -> list[Face]:
    return [
        Face.model_validate({"box": box, "landmarks": landmarks, "probability": probability})
        for box, landmarks, probability in zip(
            found.boxes.tolist(),
            found.landmarks.tolist(),
            found.probabilities.tolist(),
            strict=True,
        )
    ]
