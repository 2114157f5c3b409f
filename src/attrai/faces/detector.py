"""Face detectors: the protocol, the registry of installed ones, and what becomes of their faces."""

from __future__ import annotations

from typing import NamedTuple, Protocol, Self, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.inference import Engine, FloatArray
from attrai.job import Face
from attrai.plugins import Plugins
from attrai.settings import Settings


class Detections(NamedTuple):
    """The n faces that a detector found, in any order, in pixels of the photo.

    Left and right are from the viewer's point of view. Lists do as well as arrays.
    """

    boxes: FloatArray  #: x1, y1, x2, y2, which may lie beyond the photo's edges; shape (n, 4)
    #: x, y of the left eye, right eye, nose, left and right mouth corner; shape (n, 5, 2)
    landmarks: FloatArray
    probabilities: FloatArray  #: from 0 to 1, shape (n,)


@runtime_checkable
class Detector(Protocol):
    """Protocol of a detector, which finds the faces on a photo.

    To add one, write such a class in a package of your own and register it under the entry point
    group `attrai.detectors`. It is created with the `Settings` and the `Engine`, and shared by
    several threads.
    """

    #: Probability from which a face is sure. A photo without such a face is looked at from its
    #: other three sides, where only such faces count: on a face that is on its side a detector
    #: often finds one that it is not sure of.
    sure: float

    def detect(self, photo: NDArray[np.uint8]) -> Detections:
        """Return the faces on `photo`, RGB, shape (height, width, 3); leave it unchanged."""
        ...


DETECTORS = Plugins(
    "detector",
    "attrai.detectors",
    Detector,  # type: ignore[type-abstract]  # nobody creates it
)


class Detection(NamedTuple):
    """The faces detected on a photo."""

    faces: tuple[Face, ...]  #: left to right; only the largest if there are too many
    found: int  #: number of faces found, including those left out of `faces`


class FaceFinder:
    """A detector whose faces are put in order, end at the photo's edges, and are not too many."""

    def __init__(self, detector: Detector, *, max_faces: int) -> None:
        """Wrap a detector.

        Args:
            detector: Finds the faces.
            max_faces: Most faces to return for a photo; the largest are kept.
        """
        # Threads of OpenCV would compete with the other replicas for the machine's cores.
        cv2.setNumThreads(1)
        self._detector = detector
        self._max_faces = max_faces
        #: Probability from which a face is sure.
        self.sure = detector.sure

    @classmethod
    def open(cls, settings: Settings, engine: Engine) -> Self:
        """Return the detector that the settings name, with its networks in `engine`.

        Raises:
            UnknownPlugin: No installed package has it.
            UnusablePlugin: It can't be loaded.
        """
        return cls(
            DETECTORS.open(settings.detector, settings, engine), max_faces=settings.max_faces
        )

    def __call__(self, photo: NDArray[np.uint8]) -> Detection:
        """Find the faces on `photo`, RGB, shape (height, width, 3)."""
        height, width = photo.shape[:2]
        faces = _faces(self._detector.detect(photo), width, height)
        largest = sorted(faces, key=lambda face: face.box.width * face.box.height, reverse=True)
        shown = sorted(largest[: self._max_faces], key=lambda face: face.box.x1 + face.box.x2)
        return Detection(tuple(shown), len(faces))


def _faces(found: Detections, width: int, height: int) -> list[Face]:
    """Return the faces on a photo, whose boxes end at its edges."""
    boxes, landmarks, probabilities = (np.asarray(part, np.float64) for part in found)
    n = probabilities.size
    if not n:
        return []
    shapes = boxes.shape, landmarks.shape, probabilities.shape
    if shapes != ((n, 4), (n, 5, 2), (n,)):
        raise ValueError(f"boxes, landmarks and probabilities have the shapes {shapes}")
    boxes = boxes.clip(0, [width, height, width, height])
    visible = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    return [
        Face.model_validate({"box": box, "landmarks": points, "probability": probability})
        for box, points, probability in zip(
            boxes[visible].tolist(),
            landmarks[visible].tolist(),
            probabilities[visible].tolist(),
            strict=True,
        )
    ]
