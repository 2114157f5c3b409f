"""From a photo to the faces on it and what the scorer looks at, whichever way up the photo is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attrai.errors import NoFace
from attrai.faces.alignment import CROP_SIDE, aligned_crops
from attrai.faces.detector import Detection, FaceFinder
from attrai.inference import Images
from attrai.job import Face


class FaceCrops(NamedTuple):
    """The faces on a photo and their crops."""

    #: The photo that the faces are on, RGB, shape (height, width, 3): upright if its faces are.
    photo: Images
    turned: bool  #: whether it is another one than was given
    faces: tuple[Face, ...]  #: left to right
    found: int  #: how many faces there were; more than `faces` has when there were too many
    crops: Images  #: aligned crops of the faces, RGB, shape (n, side, side, 3)


def crop_faces(
    photo: Images, finder: FaceFinder, side: int = CROP_SIDE, margin: float = 0.0
) -> FaceCrops:
    """Find the faces on a photo and cut them out.

    A photo on which nobody is upright is turned so that most are.

    Args:
        photo: RGB, shape (height, width, 3).
        finder: finds the faces.
        side: as for `aligned_crops`.
        margin: as for `aligned_crops`.

    Raises:
        NoFace: there is no face.
    """
    upright, turned = photo, False
    detection = finder(photo)
    best = _certainty(detection, finder.sure)
    if not best:
        for turns in (1, 2, 3):
            other = np.ascontiguousarray(np.rot90(photo, turns))
            detected = finder(other)
            certainty = _certainty(detected, finder.sure)
            if certainty > best:
                upright, turned, detection, best = other, True, detected, certainty
    faces, found = detection
    if not faces:
        raise NoFace
    return FaceCrops(upright, turned, faces, found, aligned_crops(upright, faces, side, margin))


def _certainty(detection: Detection, sure: float) -> float:
    """Return how many faces there surely are."""
    probabilities = (face.probability for face in detection.faces)
    return sum(probability for probability in probabilities if probability >= sure)
