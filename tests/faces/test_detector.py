"""Tests of the detector: it is as good as facenet-pytorch's and works at extreme sizes."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from attrai.faces import CascadeNetworks, Detections, FaceFinder, Mtcnn
from attrai.faces.boxes import iou_matrix
from attrai.faces.mtcnn import THRESHOLDS, find_faces
from tests.conftest import Labelled

#: O-Net's threshold is the default of `facenet_pytorch.MTCNN`, so both accept the same faces.
COMPARABLE = THRESHOLDS._replace(onet=0.7)
MIN_SIDE = 40


def detect(networks: CascadeNetworks, photo: Image.Image, *, max_faces: int = 50):  # noqa: ANN201
    """Run the detector on a photo."""
    return FaceFinder(Mtcnn(networks, MIN_SIDE), max_faces=max_faces)(np.asarray(photo))


def test_example(astronaut: Image.Image, networks: CascadeNetworks) -> None:
    """The astronaut's face is found in the right place, with its landmarks in order."""
    (face,), found = detect(networks, astronaut)
    assert found == 1
    assert face.probability > 0.99
    assert np.allclose(face.box, (180, 59, 269, 173), atol=6)
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye.x < nose.x < right_eye.x
    assert left_mouth.x < nose.x < right_mouth.x
    assert max(left_eye.y, right_eye.y) < nose.y < min(left_mouth.y, right_mouth.y)


def crowd(astronaut: Image.Image, sizes: list[int]) -> Image.Image:
    """Return a photo of a row of astronauts of the given sizes."""
    mosaic = Image.new("RGB", (sum(sizes), max(sizes)), "white")
    for place, size in enumerate(sizes):
        mosaic.paste(astronaut.resize((size, size)), (sum(sizes[:place]), 0))
    return mosaic


def test_left_to_right_and_largest(astronaut: Image.Image, networks: CascadeNetworks) -> None:
    """Faces are ordered left to right; of too many the largest are kept, and all are counted."""
    photo = crowd(astronaut, [300, 500, 350, 450])
    everybody = detect(networks, photo)
    assert [len(everybody.faces), everybody.found] == [4, 4]
    assert sorted(face.box.x1 for face in everybody.faces) == [
        face.box.x1 for face in everybody.faces
    ]
    largest = detect(networks, photo, max_faces=2)
    assert largest.found == 4
    assert largest.faces == (everybody.faces[1], everybody.faces[3])


@pytest.mark.parametrize("edge", range(4))
def test_a_face_beyond_the_edge(
    edge: int, astronaut: Image.Image, networks: CascadeNetworks
) -> None:
    """The box of a face that is partly outside ends at the photo's edge."""
    crops = [(195, 0, 512, 512), (0, 78, 512, 512), (0, 0, 250, 512), (0, 0, 512, 143)]
    photo = astronaut.crop(crops[edge])
    raw = find_faces(np.asarray(photo), networks, MIN_SIDE, THRESHOLDS)
    (face,), _ = detect(networks, photo)
    place = (0, 0, *photo.size)[edge]
    outside = place - raw.boxes[0, edge] if edge < 2 else raw.boxes[0, edge] - place
    assert outside > 10
    assert face.box[edge] == place
    assert np.allclose(np.delete(face.box, edge), np.delete(raw.boxes[0], edge))
    assert np.allclose(face.landmarks, raw.landmarks[0])


@pytest.mark.parametrize("size", [(64, 64), (1280, 8), (8, 1280), (41, 39), (1280, 960)])
def test_photos_without_faces(size: tuple[int, int], networks: CascadeNetworks) -> None:
    """No face is found on a plain or noisy photo of any shape."""
    noise = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    for pixels in (noise, np.full_like(noise, 128)):
        assert FaceFinder(Mtcnn(networks, MIN_SIDE), max_faces=9)(pixels) == ((), 0)


def comparison_photos(labelled: list[Labelled]) -> Iterator[Image.Image]:
    """Yield 200 photos, and 40 mosaics of 2 to 12 of them."""
    rng = random.Random(7)
    for row in rng.sample(labelled, 200):
        yield Image.open(row.path).convert("RGB")
    for _ in range(40):
        rows = rng.sample(labelled, rng.randint(2, 12))
        columns = math.ceil(math.sqrt(len(rows) * 4 / 3))
        width, height = 1280 // columns, 960 // math.ceil(len(rows) / columns)
        mosaic = Image.new("RGB", (1280, 960), tuple(rng.randrange(256) for _ in range(3)))
        for place, row in enumerate(rows):
            tile = Image.open(row.path).convert("RGB")
            tile.thumbnail((width, height))
            mosaic.paste(tile, (place % columns * width, place // columns * height))
        yield mosaic


@pytest.mark.slow
def test_finds_what_facenet_pytorch_finds(
    labelled: list[Labelled], networks: CascadeNetworks
) -> None:
    """99 % of the faces of which facenet-pytorch is sure are found, with no more false positives.

    Without labels, false positives can't be distinguished from faces. For each detector, a face
    that the other one doesn't find counts as a false positive.
    """
    from bench.yardstick import facenet_detector  # noqa: PLC0415 - only this test needs torch

    reference = facenet_detector()
    sure = matched = only_theirs = only_ours = 0
    for photo in comparison_photos(labelled):
        theirs, probabilities = reference.detect(photo)
        if theirs is None:
            theirs, probabilities = np.empty((0, 4)), np.empty(0)
        ours: Detections = find_faces(np.asarray(photo), networks, MIN_SIDE, COMPARABLE)
        iou = iou_matrix(theirs.astype(np.float32), ours.boxes)
        best = iou.max(axis=1, initial=0)
        surely = np.asarray(probabilities, float) >= 0.95
        sure += surely.sum()
        matched += (best[surely] >= 0.75).sum()
        only_theirs += (best < 0.5).sum()
        only_ours += (iou.max(axis=0, initial=0) < 0.5).sum()
    print(f"{matched} of {sure} found; only theirs {only_theirs}, only ours {only_ours}")
    assert sure > 400
    assert matched >= 0.99 * sure
    assert only_ours <= only_theirs
