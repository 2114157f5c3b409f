"""A stranger's file -> the JPEG that the stages hand on."""

from __future__ import annotations

from attrai.decoding.photo import Limits, decode_photo
from attrai.decoding.untouched import untouched_jpeg
from attrai.payloads import pack_photo
from attrai.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """What an operator lets a photo be."""
    return Limits(
        max_bytes=settings.max_file_mb * 10**6,
        max_pixels=settings.max_megapixels * 10**6,
        min_side=settings.min_photo_side,
        max_side=settings.max_photo_side,
    )


def pack_source(data: bytes, limits: Limits) -> tuple[bytes, tuple[int, int]]:
    """The photo, upright and without metadata, and its width and height.

    Raises:
        UserError: it is no photo, or not one within the limits.
    """
    if untouched := untouched_jpeg(data, limits):
        return untouched
    photo = decode_photo(data, limits)
    return pack_photo(photo), photo.size
