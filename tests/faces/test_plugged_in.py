"""Detectors that are plugged in: any detector's faces are put right, facenet-pytorch's too."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from attrai.errors import CannotStart
from attrai.faces import DETECTORS, Detections, Detector, FaceFinder, crop_faces
from attrai.faces.boxes import iou_matrix
from attrai.inference import Engine
from attrai.plugins import UnknownPlugin
from attrai.settings import Settings
from bench.torchvision_shim import make_facenet_usable
from tests.packages import make_package

POINTS = [[3, 4], [7, 4], [5, 6], [3, 8], [7, 8]]


class Fixed:
    """A detector that says the same of every photo, in lists."""

    sure = 0.5

    def __init__(self, *faces: tuple[list[float], float]) -> None:
        self._faces = faces

    def detect(self, photo: NDArray[np.uint8]) -> Detections:
        boxes, probabilities = [box for box, _ in self._faces], [each for _, each in self._faces]
        return Detections(boxes, [POINTS] * len(boxes), probabilities)  # type: ignore[arg-type]


def test_faces_are_put_right() -> None:
    """Boxes end at the photo's edges, those outside of it are none, and the order is by place."""
    finder = FaceFinder(
        Fixed(
            ([60, 10, 90, 70], 0.9),
            ([-5, -5, 10, 200], 0.8),
            ([100, 0, 120, 20], 0.99),
            ([40, 40, 40, 50], 0.7),
            ([30, 30, 35, 36], 0.6),
        ),
        max_faces=2,
    )
    faces, found = finder(np.zeros((80, 100, 3), np.uint8))
    assert found == 3
    assert [face.box for face in faces] == [(0, 0, 10, 80), (60, 10, 90, 70)]
    assert [face.probability for face in faces] == [0.8, 0.9]
    assert [list(point) for point in faces[0].landmarks] == POINTS


def test_no_faces() -> None:
    """An empty list is no face."""
    assert FaceFinder(Fixed(), max_faces=9)(np.zeros((80, 100, 3), np.uint8)) == ((), 0)


class Misshapen(Fixed):
    def detect(self, photo: NDArray[np.uint8]) -> Detections:
        boxes, landmarks, probabilities = super().detect(photo)
        return Detections(np.hstack([boxes, boxes]), landmarks, probabilities)


def test_wrong_shapes() -> None:
    """Arrays of other shapes than a face's are refused with those shapes."""
    finder = FaceFinder(Misshapen(([10, 10, 40, 40], 0.9)), max_faces=9)
    with pytest.raises(ValueError, match=r"the shapes \(\(1, 8\), \(1, 5, 2\), \(1,\)\)"):
        finder(np.zeros((80, 100, 3), np.uint8))


class Looking(Fixed):
    """A detector that remembers the shapes of the photos that it was given."""

    def __init__(self, *faces: tuple[list[float], float]) -> None:
        super().__init__(*faces)
        self.looks: list[tuple[int, ...]] = []

    def detect(self, photo: NDArray[np.uint8]) -> Detections:
        self.looks.append(photo.shape)
        return super().detect(photo)


@pytest.mark.parametrize(("probability", "turns"), [(0.5, 0), (0.49, 3)])
def test_when_a_face_is_sure(probability: float, turns: int) -> None:
    """Each detector says itself from which probability on a photo needs no turning."""
    detector = Looking(([10, 10, 40, 40], probability))
    crop_faces(np.zeros((80, 100, 3), np.uint8), FaceFinder(detector, max_faces=1))
    assert detector.looks == [(80, 100, 3), (100, 80, 3), (80, 100, 3), (100, 80, 3)][: 1 + turns]


def test_an_unknown_detector(engine: Engine) -> None:
    """The installed detectors are named."""
    with pytest.raises(UnknownPlugin, match=r"no detector 'eyes'; there are facenet, mtcnn"):
        FaceFinder.open(Settings(detector="eyes"), engine)


def test_facenet(astronaut: Image.Image, engine: Engine) -> None:
    """facenet-pytorch's detector finds the face that the default one finds, and no others."""
    make_facenet_usable()
    ours = FaceFinder.open(Settings(), engine)
    theirs = FaceFinder.open(Settings(detector="facenet"), engine)
    assert isinstance(DETECTORS.open("facenet", Settings(), engine), Detector)
    photo = np.asarray(astronaut)
    (expected,), (face,) = ours(photo).faces, theirs(photo).faces
    assert iou_matrix(np.array([face.box]), np.array([expected.box]))[0, 0] > 0.8
    np.testing.assert_allclose(face.landmarks, expected.landmarks, atol=5)
    assert theirs(np.zeros((80, 100, 3), np.uint8)) == ((), 0)


def test_facenet_is_not_installed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without facenet-pytorch one line says what to install."""
    monkeypatch.setitem(sys.modules, "facenet_pytorch", None)
    with pytest.raises(CannotStart, match=r"pip install 'attrai\[facenet\]'"):
        FaceFinder.open(Settings(detector="facenet"), engine)


def test_a_detector_of_others(
    tmp_path: Path, astronaut: Image.Image, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed detector is used once the setting names it, with the settings."""
    code = (
        "from attrai.faces import Mtcnn\n"
        "class Second(Mtcnn):\n"
        "    def detect(self, photo):\n"
        "        found = super().detect(photo)\n"
        "        return found._replace(probabilities=0 * found.probabilities + 0.123)\n"
    )
    entries = {"second": "Second.open"}
    monkeypatch.syspath_prepend(
        make_package(tmp_path, "detectors_of_a_test", code, detectors=entries)
    )
    (face,), _ = FaceFinder.open(Settings(detector="second"), engine)(np.asarray(astronaut))
    assert face.probability == pytest.approx(0.123)
    assert FaceFinder.open(Settings(detector="second", min_face_side=400), engine)(
        np.asarray(astronaut)
    ) == ((), 0)
