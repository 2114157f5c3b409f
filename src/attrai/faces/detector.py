"""The detector: photo -> faces, left to right."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.contract import Face
from attrai.faces.cascade import Found, Thresholds, find_faces
from attrai.faces.networks import CascadeNetworks

#: MTCNN's own are 0.6 for any size, 0.7 and 0.7. Of the first network's candidates 0.7 spares a
#: quarter and loses no face in 480, but portraits that fill the photo; these are few candidates,
#: and with 0.5 fewer are missed than with 0.6. With 0.7 for the last network one photo in 60 of
#: MEBeauty gets a face where there is none; 0.85 halves that and loses no face of its 1,959 photos.
THRESHOLDS = Thresholds(propose=0.7, propose_large=0.5, refine=0.7, locate=0.85)


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
