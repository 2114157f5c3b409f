"""Pictures as Telegram's apps and servers re-encode them: upright, without metadata, as JPEG."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

import pillow_heif
from PIL import Image, ImageCms, ImageOps

from telegram_sandbox.errors import UnreadablePicture

# Both calls register openers. They run on import because threads that open their first picture at
# the same time would race.
Image.init()
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

#: The longer sides of the pictures that Telegram scales a photo to, in pixels.
SIDES = (90, 320, 800, 1280)
_THUMBNAIL_SIDE, _STICKER_SIDE = 320, 512
_JPEG_QUALITY = 87
_FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "TIFF", "WEBP")
#: The number of source pictures whose encoded sizes are cached.
_CACHE_SIZE = 32


class EncodedPicture(NamedTuple):
    """A JPEG, or a sticker's WebP, with its width and height in pixels."""

    data: bytes
    width: int
    height: int


# Cached because manual trials and load tests send the same photos repeatedly, and a load test
# should spend the CPU on the bot rather than on its stand-in for Telegram.
@lru_cache(_CACHE_SIZE)
def encode_sizes(data: bytes) -> tuple[EncodedPicture, ...]:
    """Return a photo in the sizes that Telegram makes, smallest first; it is never enlarged.

    Raises:
        UnreadablePicture: the bytes can't be decoded as a picture.
    """
    picture = _decode(data)
    longest = max(picture.size)
    sizes: list[EncodedPicture] = []
    for side in (longest, *(side for side in reversed(SIDES) if side < longest)):
        picture = _shrink(picture, side)  # from the next larger size, for speed
        sizes.insert(0, _encode(picture))
    return tuple(sizes)


@lru_cache(_CACHE_SIZE)
def encode_thumbnail(data: bytes) -> EncodedPicture:
    """Return the thumbnail that Telegram makes of a document.

    Raises:
        UnreadablePicture: the bytes can't be decoded as a picture.
    """
    return _encode(_shrink(_decode(data), _THUMBNAIL_SIDE))


@lru_cache(_CACHE_SIZE)
def encode_sticker(data: bytes) -> EncodedPicture:
    """Return the WebP of a static sticker, whose longer side is exactly 512 pixels.

    Raises:
        UnreadablePicture: the bytes can't be decoded as a picture.
    """
    picture = ImageOps.contain(_decode(data), (_STICKER_SIDE, _STICKER_SIDE))
    encoded = BytesIO()
    picture.save(encoded, "WEBP", quality=_JPEG_QUALITY)
    return EncodedPicture(encoded.getvalue(), *picture.size)


def _decode(data: bytes) -> Image.Image:
    """Decode a picture to sRGB, upright, on white and at most `SIDES[-1]` pixels long."""
    side = SIDES[-1]
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as file:
            file.draft(None, (side, side))  # a JPEG is decoded at a smaller scale
            picture = _to_srgb(ImageOps.exif_transpose(file))
    except MemoryError:
        raise
    except Exception as error:  # a broken file can make its decoder raise anything
        raise UnreadablePicture from error
    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3)
    picture.info.clear()
    return picture


def _to_srgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I;16"):  # conversion would clip 16 bits instead of scaling them
        picture = picture.point(lambda value: value / 256).convert("L")
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    elif picture.mode not in {"L", "RGB", "CMYK", "LAB"}:
        picture = picture.convert("RGB")
    if profile:
        with suppress(ImageCms.PyCMSError, OSError):  # an unusable profile is ignored
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
            picture = converted or picture
    return picture.convert("RGB")


def _shrink(picture: Image.Image, side: int) -> Image.Image:
    smaller = picture.copy()
    smaller.thumbnail((side, side), Image.Resampling.HAMMING)
    return smaller


def _encode(picture: Image.Image) -> EncodedPicture:
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=_JPEG_QUALITY)
    return EncodedPicture(encoded.getvalue(), *picture.size)
