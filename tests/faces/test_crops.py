"""Tests of photos on their side and upside down: they are turned if a face is sure to be there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from attrai.errors import NoFace
from attrai.faces import CascadeNetworks, Detections, FaceFinder, Mtcnn, crop_faces
from attrai.job import Face
from tests.conftest import ROOT

CASES = ROOT.parent / "shared" / "cases"


@pytest.fixture(scope="module")
def finder(networks: CascadeNetworks) -> FaceFinder:
    """Return the default detector with the service's settings."""
    return FaceFinder(Mtcnn(networks, 40), max_faces=50)


class Counting(Mtcnn):
    """A detector that counts the photos that it looks at."""

    looks = 0

    def detect(self, photo: NDArray[np.uint8]) -> Detections:
        self.looks += 1
        return super().detect(photo)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_photo_is_turned_back(
    turns: int, astronaut: Image.Image, finder: FaceFinder
) -> None:
    """A photo on its side or upside down has the faces, crops and pixels of the upright one."""
    upright = np.asarray(astronaut.crop((0, 0, 512, 400)))
    expected = crop_faces(upright, finder)
    assert not expected.turned
    found = crop_faces(np.ascontiguousarray(np.rot90(upright, turns)), finder)
    assert found.turned
    assert np.array_equal(found.photo, upright)
    assert found.faces == expected.faces
    assert np.array_equal(found.crops, expected.crops)


def test_what_it_costs(astronaut: Image.Image, networks: CascadeNetworks) -> None:
    """A photo with a face is looked at once, one without a face four times."""
    detector = Counting(networks, min_side=40)
    finder = FaceFinder(detector, max_faces=50)
    crop_faces(np.asarray(astronaut), finder)
    assert detector.looks == 1
    with pytest.raises(NoFace):
        crop_faces(np.zeros((300, 400, 3), np.uint8), finder)
    assert detector.looks == 1 + 4


class Scripted:
    """A detector that finds faces of given probabilities each time that it looks."""

    sure = 0.97

    def __init__(self, face: Face, looks: list[list[float]]) -> None:
        self._face, self._looks = face, iter(looks)

    def detect(self, photo: NDArray[np.uint8]) -> Detections:
        found = np.array(next(self._looks))
        boxes, landmarks = np.array([self._face.box]), np.array([self._face.landmarks])
        return Detections(boxes.repeat(len(found), 0), landmarks.repeat(len(found), 0), found)


@pytest.mark.parametrize(
    ("looks", "turns"),
    [
        ([[0.98]], 0),
        ([[0.9], [], [0.96], []], 0),
        ([[0.9], [], [0.98], []], 2),
        ([[], [0.98], [0.99], [0.98]], 2),
        ([[], [0.98, 0.98], [0.99], []], 1),
        ([[], [0.9, 0.9, 0.9], [], [0.98]], 3),
    ],
)
def test_the_orientation_of_most_faces_that_are_sure(
    looks: list[list[float]], turns: int, face: Face
) -> None:
    """The photo is turned to where most faces are sure, and only if none is sure as it is."""
    photo = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    found = crop_faces(photo, FaceFinder(Scripted(face, looks), max_faces=9))
    assert np.array_equal(found.photo, np.rot90(photo, turns))
    assert found.turned == bool(turns)
    assert [each.probability for each in found.faces] == looks[turns]


def test_unsure_faces_on_a_turned_photo_are_none(face: Face) -> None:
    """A photo without a face as it is gets none that is not sure from another side."""
    finder = FaceFinder(Scripted(face, [[], [0.96], [0.9], []]), max_faces=9)
    with pytest.raises(NoFace):
        crop_faces(np.zeros((200, 300, 3), np.uint8), finder)


def noise(cell: int) -> NDArray[np.uint8]:
    """Return noise of coarse cells, which looks like nothing."""
    rng = np.random.default_rng(cell)
    cells = rng.integers(0, 256, (960 // cell + 1, 1280 // cell + 1, 3), np.uint8)
    return np.asarray(Image.fromarray(cells).resize((1280, 960), Image.Resampling.BICUBIC))


def clouds(seed: int) -> NDArray[np.uint8]:
    """Return noise whose spectrum is that of photos."""
    rng = np.random.default_rng(seed)
    frequencies = np.hypot(np.fft.fftfreq(480)[:, None], np.fft.fftfreq(640)) + 1e-9
    waves = np.fft.fft2(rng.normal(size=(3, 480, 640))) / frequencies
    waves[:, 0, 0] = 0
    values = np.fft.ifft2(waves).real.transpose(1, 2, 0)
    return (255 * (values - values.min()) / np.ptp(values)).astype(np.uint8)


def stripes(seed: int) -> NDArray[np.uint8]:
    """Return a pattern of waves."""
    y, x = np.mgrid[:480, :640] / (5.0 + 3 * seed)
    values = np.stack([np.sin(x + y), np.sin(x) * np.sin(y), np.sin(np.hypot(x - 40, y - 30))], 2)
    return (127 * (1 + values)).astype(np.uint8)


@pytest.mark.parametrize("seed", range(1, 7))
@pytest.mark.parametrize("make", [lambda seed: noise(4**seed // seed), clouds, stripes])
def test_no_face_is_invented(
    make: Callable[[int], NDArray[np.uint8]], seed: int, finder: FaceFinder
) -> None:
    """A picture without a face has none from any side."""
    with pytest.raises(NoFace):
        crop_faces(make(seed), finder)


def test_no_face_is_invented_beside_the_face(astronaut: Image.Image, finder: FaceFinder) -> None:
    """The parts of a photo without its face have none from any side."""
    for part in (astronaut.crop((0, 200, 512, 512)), astronaut.crop((290, 0, 512, 512))):
        with pytest.raises(NoFace):
            crop_faces(np.asarray(part.resize((part.width * 2, part.height * 2))), finder)


@pytest.mark.parametrize("name", ["face_on_its_side.jpg", "face_upside_down.jpg"])
def test_turned_photos_of_others(name: str, finder: FaceFinder) -> None:
    """A photo that somebody turned has one face."""
    if not (CASES / name).exists():
        pytest.skip(f"no {CASES / name}")
    found = crop_faces(np.asarray(Image.open(CASES / name).convert("RGB")), finder)
    assert (found.turned, found.found) == (True, 1)
