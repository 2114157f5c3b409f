"""Tests of the encoding of images for the photo store."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from attrai.faces.alignment import CROP_SIDE
from attrai.images.codecs import pack_crops, unpack_crops
from tests.conftest import ASTRONAUT


@pytest.fixture(scope="module")
def faces() -> NDArray[np.uint8]:
    """Fifty crops from different places on the example photo."""
    photo = np.asarray(Image.open(ASTRONAUT).convert("RGB"))
    places = [(4 * number, 3 * number) for number in range(50)]
    return np.stack([photo[y : y + CROP_SIDE, x : x + CROP_SIDE] for x, y in places])


@pytest.mark.parametrize("count", [1, 5])
def test_a_few_crops_are_handed_on_as_they_are(faces: NDArray[np.uint8], count: int) -> None:
    """A few crops are stored without any loss."""
    assert np.array_equal(unpack_crops(pack_crops(faces[:count])), faces[:count])


def test_a_crowd_takes_less_than_a_megabyte(faces: NDArray[np.uint8]) -> None:
    """Fifty crops are compressed to less than a megabyte, in order and with little loss."""
    content = pack_crops(faces)
    assert len(content) < 10**6 < faces.nbytes
    found = unpack_crops(content)
    assert found.shape == faces.shape
    errors = np.abs(found.astype(int) - faces).mean(axis=(1, 2, 3))
    assert errors.max() < 3
