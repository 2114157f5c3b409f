"""Accepts an untrusted file: turns it into the upright JPEG without metadata that detect gets.

Most photos that messengers send are such JPEGs already but for their metadata. These are passed
through without decoding: removing the metadata is a walk over the segments, whereas decoding and
encoding would cost more than everything else in ingest, and lose detail.
"""

from __future__ import annotations

import re
from io import BytesIO

from PIL import Image

from attrai.images.codecs import pack_photo
from attrai.images.decode import Limits, decode_photo
from attrai.images.hostile import is_hostile
from attrai.images.truncated import end_jpeg, end_of_scans
from attrai.images.unsupported import is_unsupported_jpeg
from attrai.settings import Settings

#: Larger JPEGs are encoded anew, since thousands of photos may lie in the photo store.
_MAX_BYTES = 10**6

_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_JPEG = b"\xff\xd8\xff"
_END = b"\xff\xd9"
#: APP0 to APP15 and comments.
_METADATA = {bytes([0xFF, code]) for code in (*range(0xE0, 0xF0), 0xFE)}
#: The only metadata needed for decoding: whether colours are YCbCr. A JFIF segment of this length
#: has no thumbnail.
_NEEDED = re.compile(rb"\xff\xe0\x00\x10JFIF\0|\xff\xee\x00\x0eAdobe")


def passthrough_jpeg(data: bytes, limits: Limits) -> tuple[bytes, tuple[int, int]] | None:
    """Return a JPEG without its metadata, and its width and height; None if it must be decoded.

    The pixels are not decoded, so that a damaged file is noticed by the next stage only.
    """
    if (
        len(data) > _MAX_BYTES
        or not data.startswith(_JPEG)
        or is_hostile(data, ("JPEG",))
        or is_unsupported_jpeg(data)
        or not data.startswith(_END, end_of_scans(data) or 0)
    ):
        return None
    bare = _without_metadata(data)
    size = bare and _size_if_plain(data, bare, limits)
    return (bare, size) if bare and size else None


def _size_if_plain(data: bytes, bare: bytes, limits: Limits) -> tuple[int, int] | None:
    """Return the photo's size if it is upright, in sRGB, and within the limits; else None."""
    try:
        with Image.open(BytesIO(data), formats=["JPEG"]) as file:
            plain = not {"exif", "icc_profile"} & file.info.keys()
        with Image.open(BytesIO(bare), formats=["JPEG"]) as file:
            usable = limits.min_side <= min(file.size) and max(file.size) <= limits.max_side
            return file.size if plain and usable and file.mode == "RGB" else None
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # decoding tells what is wrong
        return None


def _without_metadata(data: bytes) -> bytes | None:
    """Return the first picture of a JPEG without its metadata; None if it has no end marker."""
    parts, position, scanning = [data[:2]], 2, False
    while marker := _MARKER.search(data, position):
        if scanning:
            parts.append(data[position : marker.start()])
        if marker[0] == _END:
            return b"".join([*parts, _END])
        start = marker.end()
        position = start + max(2, int.from_bytes(data[start : start + 2]))
        if marker[0] not in _METADATA or _NEEDED.match(data, marker.start()):
            parts.append(data[marker.start() : position])
        scanning = scanning or marker[0] == b"\xff\xda"
    return None


def limits_of(settings: Settings) -> Limits:
    """Return the limits of photos in the settings."""
    return Limits(
        max_bytes=settings.max_file_mb * 10**6,
        max_pixels=settings.max_megapixels * 10**6,
        min_side=settings.min_photo_side,
        max_side=settings.max_photo_side,
    )


def accept_photo(data: bytes, limits: Limits) -> tuple[bytes, tuple[int, int]]:
    """Return an untrusted file as an upright JPEG without metadata, and its width and height.

    A JPEG that needs no change but the removal of metadata is not decoded: `unpack_photo` raises
    `BrokenImage` if it turns out to be damaged. One that needs only an end marker is not encoded.

    Raises:
        UserError: it is no photo, or not one within the limits.
    """
    if passthrough := passthrough_jpeg(data, limits):
        return passthrough
    photo = decode_photo(data, limits)
    # It is nearly whole, as it was decoded, and needs no change but an end marker.
    ended = end_jpeg(data) if data.startswith(_JPEG) else None
    if ended and (passthrough := passthrough_jpeg(ended, limits)):
        return passthrough
    return pack_photo(photo), photo.size
