"""Encoding of images for the photo store: photos and pictures as JPEG, crops as one array."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from attrai.errors import BrokenImage
from attrai.images.jpeg import SOI

#: JPEG quality that loses nothing a scorer or a viewer would notice, at a tenth of the raw size.
_QUALITY = 92
#: Largest stored photo, in bytes, as thousands may wait in the store. A photo of noise only fits at
#: one of the lower qualities.
_MAX_PHOTO_BYTES = 10**6
_LOWER_QUALITIES = (75, 40, 15)

#: Crops of up to this many bytes in total are stored uncompressed, as encoding would cost more than
#: it saves. More crops than that show a crowd, whose faces are small and blurred and lose nothing
#: at `_CROP_QUALITY`.
_MAX_CROP_BYTES = 500_000
_CROP_QUALITY = 95


def pack_photo(photo: Image.Image) -> bytes:
    """Encode an RGB photo as a JPEG of at most 1 MB, for the later stages."""
    content = pack_image(photo)
    for quality in _LOWER_QUALITIES:
        if len(content) <= _MAX_PHOTO_BYTES:
            break
        content = _jpeg(photo, quality, "4:2:0")
    return content


def unpack_photo(content: bytes) -> Image.Image:
    """Decode the photo that the ingest stage stored.

    Raises:
        BrokenImage: The file is damaged. Ingest does not decode a file that it passes through
            unchanged, so the damage shows only here.
    """
    try:
        return unpack_image(content)
    except (OSError, SyntaxError, ValueError) as error:
        raise BrokenImage(reason=repr(error)) from error


def pack_image(image: Image.Image) -> bytes:
    """Encode an RGB image as JPEG, with colours at full resolution to keep thin lines clean."""
    return _jpeg(image, _QUALITY, "4:4:4")


def unpack_image(content: bytes) -> Image.Image:
    """Decode an image that `pack_image` encoded."""
    image = Image.open(BytesIO(content), formats=["JPEG"])
    image.load()
    return image


def pack_crops(crops: NDArray[np.uint8]) -> bytes:
    """Encode crops in numpy's own format, or as one JPEG column if there are many.

    Args:
        crops: RGB, shape (n, side, side, 3).
    """
    if crops.nbytes > _MAX_CROP_BYTES:
        return _jpeg(Image.fromarray(np.concatenate(crops)), _CROP_QUALITY, "4:4:4")
    buffer = BytesIO()
    np.save(buffer, crops, allow_pickle=False)
    return buffer.getvalue()


def unpack_crops(content: bytes) -> NDArray[np.uint8]:
    """Decode crops that `pack_crops` encoded: RGB, shape (n, side, side, 3)."""
    if content.startswith(SOI):
        column: NDArray[np.uint8] = np.asarray(unpack_image(content))
        side = column.shape[1]
        return column.reshape(-1, side, side, 3)
    crops: NDArray[np.uint8] = np.load(BytesIO(content), allow_pickle=False)
    return crops


def _jpeg(image: Image.Image, quality: int, subsampling: str) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return buffer.getvalue()
