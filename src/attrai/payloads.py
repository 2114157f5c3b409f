"""How images lie in the photo store: photos and pictures as JPEG, crops as one array."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Nothing that a scorer or an eye would notice is lost, at a tenth of the raw size.
_QUALITY = 92


def pack_image(image: Image.Image) -> bytes:
    """An RGB image as JPEG, its colours at full resolution so that thin lines stay clean."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY, subsampling="4:4:4")
    return buffer.getvalue()


def unpack_image(content: bytes) -> Image.Image:
    """The image that `pack_image` packed."""
    image = Image.open(BytesIO(content), formats=["JPEG"])
    image.load()
    return image


def pack_crops(crops: NDArray[np.uint8]) -> bytes:
    """Crops in numpy's own format."""
    buffer = BytesIO()
    np.save(buffer, crops, allow_pickle=False)
    return buffer.getvalue()


def unpack_crops(content: bytes) -> NDArray[np.uint8]:
    """The crops that `pack_crops` packed."""
    crops: NDArray[np.uint8] = np.load(BytesIO(content), allow_pickle=False)
    return crops
