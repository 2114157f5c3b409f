"""How images lie in the photo store: photos and pictures as JPEG, crops as one array."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from attrai.errors import BrokenImage

#: Nothing that a scorer or an eye would notice is lost, at a tenth of the raw size.
_QUALITY = 92
#: A photo may wait in the store with thousands of others, so it has at most so many bytes; one
#: of noise needs the lower qualities for it.
_MAX_PHOTO_BYTES = 10**6
_LOWER_QUALITIES = (75, 40, 15)

#: Crops of so many bytes are handed on as they are: encoding would cost more than it saves. The
#: faces of a crowd are small and blurred, and lose nothing at this quality.
_MAX_CROP_BYTES = 500_000
_CROP_QUALITY = 95
_JPEG_START = b"\xff\xd8"


def pack_photo(photo: Image.Image) -> bytes:
    """An RGB photo as JPEG, for the stages to come."""
    content = pack_image(photo)
    for quality in _LOWER_QUALITIES:
        if len(content) <= _MAX_PHOTO_BYTES:
            break
        content = _jpeg(photo, quality, "4:2:0")
    return content


def unpack_photo(content: bytes) -> Image.Image:
    """The photo that ingest handed on.

    Raises:
        BrokenImage: it is damaged; where nothing had to be done to it, nobody noticed before.
    """
    try:
        return unpack_image(content)
    except (OSError, SyntaxError, ValueError) as error:
        raise BrokenImage(reason=repr(error)) from error


def pack_image(image: Image.Image) -> bytes:
    """An RGB image as JPEG, its colours at full resolution so that thin lines stay clean."""
    return _jpeg(image, _QUALITY, "4:4:4")


def unpack_image(content: bytes) -> Image.Image:
    """The image that `pack_image` packed."""
    image = Image.open(BytesIO(content), formats=["JPEG"])
    image.load()
    return image


def pack_crops(crops: NDArray[np.uint8]) -> bytes:
    """Crops in numpy's own format; many of them, above each other, as JPEG.

    Args:
        crops: RGB, shape (n, side, side, 3).
    """
    if crops.nbytes > _MAX_CROP_BYTES:
        return _jpeg(Image.fromarray(np.concatenate(crops)), _CROP_QUALITY, "4:4:4")
    buffer = BytesIO()
    np.save(buffer, crops, allow_pickle=False)
    return buffer.getvalue()


def unpack_crops(content: bytes) -> NDArray[np.uint8]:
    """The crops that `pack_crops` packed."""
    if content.startswith(_JPEG_START):
        column: NDArray[np.uint8] = np.asarray(unpack_image(content))
        side = column.shape[1]
        return column.reshape(-1, side, side, 3)
    crops: NDArray[np.uint8] = np.load(BytesIO(content), allow_pickle=False)
    return crops


def _jpeg(image: Image.Image, quality: int, subsampling: str) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return buffer.getvalue()
