"""Accepts an untrusted file: turns it into the upright JPEG without metadata that detect gets.

Most photos that messengers send are such JPEGs already but for their metadata. These are passed
through without decoding: removing the metadata is a walk over the segments, whereas decoding and
encoding would cost more than everything else in ingest, and lose detail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from itertools import islice

from PIL import Image

from attrai.images.codecs import pack_photo
from attrai.images.decode import decode_photo
from attrai.images.hostile import MAX_JPEG_SEGMENTS, is_hostile_jpeg
from attrai.images.jpeg import (
    ALONE,
    APP1,
    APP2,
    EOI,
    EXIF,
    ICC_PROFILE,
    METADATA,
    SCAN,
    SOI,
    Segment,
    end_of_scans,
    segments_of,
)
from attrai.images.limits import Limits
from attrai.images.truncated import end_jpeg
from attrai.images.unsupported import is_unsupported_jpeg

#: Larger JPEGs are encoded anew, since thousands of photos may lie in the photo store.
_MAX_BYTES = 10**6

#: The only metadata needed for decoding: whether colours are YCbCr. A JFIF segment of this length
#: has no thumbnail.
_NEEDED = re.compile(rb"\xff\xe0\x00\x10JFIF\0|\xff\xee\x00\x0eAdobe")
#: The codes of segments that are left out unless they are needed.
_LEFT_OUT = METADATA | ALONE


def passthrough_jpeg(data: bytes, limits: Limits) -> tuple[bytes, tuple[int, int]] | None:
    """Return a JPEG without its metadata, and its width and height; None if it must be decoded.

    The pixels are not decoded, so that a damaged file is noticed by the next stage only.
    """
    if len(data) > _MAX_BYTES or not data.startswith(SOI + b"\xff"):
        return None
    # A hostile file may have far more of them.
    found = list(islice(segments_of(data), MAX_JPEG_SEGMENTS + 1))
    if (
        is_hostile_jpeg(data, found)
        or is_unsupported_jpeg(data, found)
        or any(_has_meaning(segment, data) for segment in found)
        or not data.startswith(EOI, end_of_scans(data, found) or 0)
    ):
        return None
    bare = _without_metadata(data, found)
    size = _size_if_usable(bare, limits)
    return (bare, size) if size else None


def _has_meaning(segment: Segment, data: bytes) -> bool:
    """Return whether the photo is perhaps not upright or not in sRGB without this segment."""
    start = segment.start + 4
    return (segment.code == APP1 and data.startswith(EXIF, start)) or (
        segment.code == APP2 and data.startswith(ICC_PROFILE, start)
    )


def _without_metadata(data: bytes, segments: Iterable[Segment]) -> bytes:
    """Return a whole JPEG without its metadata, and without what is between it and its scans."""
    parts, position, scanning = [SOI], len(SOI), False
    for segment in segments:
        if scanning:
            parts.append(data[position : segment.start])
        position = segment.stop
        if segment.code not in _LEFT_OUT or _NEEDED.match(data, segment.start):
            parts.append(data[segment.start : position])
        scanning = scanning or segment.code == SCAN
    return b"".join([*parts, EOI])


def _size_if_usable(data: bytes, limits: Limits) -> tuple[int, int] | None:
    """Return the size of a JPEG if it is in RGB and within the limits; else None."""
    try:
        with Image.open(BytesIO(data), formats=["JPEG"]) as file:
            usable = limits.min_side <= min(file.size) and max(file.size) <= limits.max_side
            return file.size if usable and file.mode == "RGB" else None
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # decoding tells what is wrong
        return None


def accept_photo(data: bytes, limits: Limits) -> tuple[bytes, tuple[int, int]]:
    """Return an untrusted file as an upright JPEG without metadata, and its width and height.

    A JPEG that needs no change but the removal of metadata is not decoded: `unpack_photo` raises
    `BrokenImage` if it turns out to be damaged.

    Raises:
        UserError: it is no photo, or not one within the limits.
    """
    return passthrough_jpeg(data, limits) or convert_photo(data, limits)


def convert_photo(data: bytes, limits: Limits) -> tuple[bytes, tuple[int, int]]:
    """Decode an untrusted file, and return what `accept_photo` returns.

    A JPEG that needs only an end marker is decoded as a test, and not encoded.
    """
    photo = decode_photo(data, limits)
    ended = end_jpeg(data) if data.startswith(SOI) else None
    if ended and (passthrough := passthrough_jpeg(ended, limits)):
        return passthrough
    return pack_photo(photo), photo.size
