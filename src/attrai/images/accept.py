"""JPEGs that need no work: they are handed on as they came, less what they say about people.

Most of what messengers send is such a file. Passed on it costs a walk over its segments, where
decoding and encoding it anew would cost more than all else that ingest does, and some detail.

A stranger's file -> the JPEG that the stages hand on.
"""

from __future__ import annotations

import re
from io import BytesIO

from PIL import Image

from attrai.images.codecs import pack_photo
from attrai.images.decode import Limits, decode_photo
from attrai.images.hostile import is_hostile
from attrai.settings import Settings

#: Larger ones are encoded anew, for thousands may lie in the photo store.
_MAX_BYTES = 10**6

_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_END = b"\xff\xd9"
#: APP0 to APP15 and comments.
_METADATA = {bytes([0xFF, code]) for code in (*range(0xE0, 0xF0), 0xFE)}
#: These alone say how to decode: whether colours are YCbCr. The first may carry a thumbnail, and
#: is longer then.
_NEEDED = re.compile(rb"\xff\xe0\x00\x10JFIF\0|\xff\xee\x00\x0eAdobe")


def passthrough_jpeg(data: bytes, limits: Limits) -> tuple[bytes, tuple[int, int]] | None:
    """The file without its metadata, and its size; None if it is to be decoded here and now.

    Its pixels were not looked at: it may still turn out to be damaged.
    """
    if (
        len(data) > _MAX_BYTES
        or not data.startswith(b"\xff\xd8\xff")
        or is_hostile(data, ("JPEG",))
    ):
        return None
    bare = _without_metadata(data)
    size = bare and _size_if_plain(data, bare, limits)
    return (bare, size) if bare and size else None


def _size_if_plain(data: bytes, bare: bytes, limits: Limits) -> tuple[int, int] | None:
    """The photo's size, if it is upright, in sRGB and neither too large nor too small."""
    try:
        with Image.open(BytesIO(data), formats=["JPEG"]) as file:
            plain = not {"exif", "icc_profile"} & file.info.keys()
        with Image.open(BytesIO(bare), formats=["JPEG"]) as file:
            usable = limits.min_side <= min(file.size) and max(file.size) <= limits.max_side
            return file.size if plain and usable and file.mode == "RGB" else None
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # decoding it will say what is wrong
        return None


def _without_metadata(data: bytes) -> bytes | None:
    """The first picture of a JPEG, segment by segment; None if it does not end."""
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
    """What an operator lets a photo be."""
    return Limits(
        max_bytes=settings.max_file_mb * 10**6,
        max_pixels=settings.max_megapixels * 10**6,
        min_side=settings.min_photo_side,
        max_side=settings.max_photo_side,
    )


def accept_photo(data: bytes, limits: Limits) -> tuple[bytes, tuple[int, int]]:
    """The photo, upright and without metadata, and its width and height.

    Raises:
        UserError: it is no photo, or not one within the limits.
    """
    if passthrough := passthrough_jpeg(data, limits):
        return passthrough
    photo = decode_photo(data, limits)
    return pack_photo(photo), photo.size
