"""The MTCNN face detector, the default one.

P-Net proposes boxes on a pyramid of the photo, R-Net refines them, and O-Net refines them again
and adds landmarks. R-Net and O-Net each process all candidates of a photo in one batch. The steps
follow facenet-pytorch, so its thresholds keep their meaning.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from attrai.faces.boxes import (
    apply_regression,
    non_maximum_suppression,
    suppress_contained,
    to_square,
)
from attrai.faces.detector import Detections
from attrai.faces.networks import CascadeNetworks
from attrai.faces.pyramid import ImagePyramid, draw_mosaic, halve, pyramid_levels
from attrai.inference import Engine, FloatArray, Images
from attrai.settings import Settings

#: P-Net's receptive field, which is the smallest face that it detects, and its stride, in pixels.
_RECEPTIVE_FIELD, _STRIDE = 12, 2
#: A pyramid level whose shorter side is at most this many receptive fields shows large faces: each
#: takes up a third of the photo or more.
_LARGE_FACE_CELLS = 3
#: Boxes of P-Net, and of R-Net, whose IoU exceeds this are taken for the same face. With
#: facenet-pytorch's 0.7 the next network gets three times as many candidates, and the detector
#: finds one more face in 480.
_NMS_IOU = 0.5


class Thresholds(NamedTuple):
    """Minimum face probability at which a candidate passes each network."""

    pnet: float
    pnet_large: float  #: P-Net's, for a face that fills much of the photo
    rnet: float
    onet: float


_NO_BOXES = np.empty((0, 4), np.float32)
_NO_DETECTIONS = Detections(_NO_BOXES, np.empty((0, 5, 2), np.float32), np.empty(0, np.float32))


def find_faces(
    photo: Images, networks: CascadeNetworks, min_side: int, thresholds: Thresholds
) -> Detections:
    """Run the MTCNN cascade on a photo and return the faces that pass all three networks.

    The most probable comes first.

    Args:
        photo: RGB, shape (height, width, 3).
        networks: The three networks.
        min_side: Side of the smallest face to look for, in pixels.
        thresholds: Minimum probability for each network.
    """
    pyramid = ImagePyramid(photo)
    boxes = _run_pnet(pyramid, networks, min_side, thresholds)
    boxes = _run_rnet(pyramid, networks, boxes, thresholds.rnet)
    return _run_onet(pyramid, networks, boxes, thresholds.onet)


def _run_pnet(
    pyramid: ImagePyramid, networks: CascadeNetworks, min_side: int, thresholds: Thresholds
) -> FloatArray:
    height, width = pyramid.photo.shape[:2]
    levels = pyramid_levels(width, height, _RECEPTIVE_FIELD / min_side, _RECEPTIVE_FIELD)
    if not levels:
        return _NO_BOXES
    (answers,) = networks.pnet(draw_mosaic(pyramid, levels)[np.newaxis])
    logits, moves = answers[0], answers[1:]
    boxes, sure, offsets = [], [], []
    for level in levels:
        top, left = level.y // _STRIDE, level.x // _STRIDE
        bottom = top + (level.height - _RECEPTIVE_FIELD) // _STRIDE + 1
        right = left + (level.width - _RECEPTIVE_FIELD) // _STRIDE + 1
        face = logits[top:bottom, left:right]
        large = min(level.width, level.height) <= _LARGE_FACE_CELLS * _RECEPTIVE_FIELD
        threshold = thresholds.pnet_large if large else thresholds.pnet
        rows, columns = np.nonzero(face >= _logit(threshold))
        if not rows.size:
            continue
        corners = np.stack([columns, rows, columns, rows], axis=1).astype(np.float32) * _STRIDE
        corners += np.array([1, 1, _RECEPTIVE_FIELD, _RECEPTIVE_FIELD], np.float32)
        scales = np.array([level.width / width, level.height / height] * 2, np.float32)
        of_level = np.floor(corners / scales)
        best = non_maximum_suppression(of_level, face[rows, columns], _NMS_IOU)
        rows, columns = rows[best], columns[best]
        boxes.append(of_level[best])
        sure.append(face[rows, columns])
        offsets.append(moves[:, top + rows, left + columns].T)
    if not boxes:
        return _NO_BOXES
    everywhere = np.concatenate(boxes)
    best = non_maximum_suppression(everywhere, np.concatenate(sure), _NMS_IOU)
    return to_square(apply_regression(everywhere[best], np.concatenate(offsets)[best], extra=0))


def _run_rnet(
    pyramid: ImagePyramid, networks: CascadeNetworks, boxes: FloatArray, threshold: float
) -> FloatArray:
    boxes, crops = _crops(pyramid, boxes, 24)
    if not len(boxes):
        return boxes
    answers = networks.rnet(crops)
    passed = np.flatnonzero(answers[:, 0] > _logit(threshold))
    best = passed[non_maximum_suppression(boxes[passed], answers[passed, 0], _NMS_IOU)]
    return to_square(apply_regression(boxes[best], answers[best, 1:], extra=1))


def _run_onet(
    pyramid: ImagePyramid, networks: CascadeNetworks, boxes: FloatArray, threshold: float
) -> Detections:
    boxes, crops = _crops(pyramid, boxes, 48)
    if not len(boxes):
        return _NO_DETECTIONS
    answers = networks.onet(crops)
    passed = answers[:, 0] > _logit(threshold)
    boxes, answers = boxes[passed], answers[passed]
    logits, offsets, points = answers[:, 0], answers[:, 1:5], answers[:, 5:]
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    # The network outputs five x and then five y, as fractions of the box's sides.
    landmarks = points.reshape(-1, 2, 5).transpose(0, 2, 1)
    landmarks = landmarks * sides[:, None] + boxes[:, None, :2] - 1
    boxes = apply_regression(boxes, offsets, extra=1)
    best = suppress_contained(boxes, logits, 0.7)
    probabilities: FloatArray = np.reciprocal(1 + np.exp(-logits[best]))
    return Detections(boxes[best], landmarks[best], probabilities)


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _crops(pyramid: ImagePyramid, boxes: FloatArray, side: int) -> tuple[FloatArray, Images]:
    """Return the boxes that overlap the photo and their crops, shape (n, side, side, 3)."""
    height, width = pyramid.photo.shape[:2]
    windows = np.trunc(boxes)
    windows[:, :2] = windows[:, :2].clip(min=1) - 1
    windows[:, 2:] = windows[:, 2:].clip(max=[width, height])
    inside = (windows[:, 2:] > windows[:, :2]).all(axis=1)
    # All crops go into one column so that a single call halves them.
    twice = 2 * side
    column = np.empty((twice * int(inside.sum()), twice, 3), np.uint8)
    for place, window in enumerate(windows[inside].tolist()):
        pyramid.draw(window, column[place * twice : (place + 1) * twice])
    if not column.size:
        return boxes[inside], np.empty((0, side, side, 3), np.uint8)
    return boxes[inside], halve(column).reshape(-1, side, side, 3)


#: MTCNN itself uses 0.6 (for any size), 0.7 and 0.7. Raising P-Net's to 0.7 saves a quarter of its
#: candidates and loses no face in 480, except in portraits that fill the photo. Those give few
#: candidates, so they can have a lower threshold, and 0.5 misses fewer of them than 0.6. With 0.7
#: for O-Net, one MEBeauty photo in 60 gets a false positive; 0.85 halves that and loses no face in
#: its 1,959 photos.
THRESHOLDS = Thresholds(pnet=0.7, pnet_large=0.5, rnet=0.7, onet=0.85)


class Mtcnn:
    """MTCNN on a given set of networks."""

    #: Of 480 photos of MEBeauty's on their side or upside down, 447 are turned upright and 2
    #: another way; if only photos without any face were turned, 370. Of the same 160 photos upright
    #: none is turned, and one is looked at again. On 205 pictures without faces none is found.
    sure = 0.97

    def __init__(self, networks: CascadeNetworks, min_side: int) -> None:
        """Set up the detector.

        Args:
            networks: The three networks of MTCNN.
            min_side: Side of the smallest face to look for, in pixels.
        """
        self._networks = networks
        self._min_side = min_side

    @classmethod
    def open(cls, settings: Settings, engine: Engine) -> Self:
        """Return the detector that the settings describe, with its networks in `engine`."""
        return cls(CascadeNetworks.load(engine), settings.min_face_side)

    def detect(self, photo: NDArray[np.uint8]) -> Detections:
        """Return the faces on `photo`, RGB, shape (height, width, 3), the most probable first."""
        return find_faces(photo, self._networks, self._min_side, THRESHOLDS)
