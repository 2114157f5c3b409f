"""Detection of hostile files, which would exhaust or crash their decoder, by their structure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrai.images.jpeg import APP1, EXIF, SCAN, Segment, segments_of
from attrai.images.tiff import MAX_VALUES, TiffDirectories

#: Pillow makes an object of 300 bytes from each number in a tag: 20 MB of numbers take 12 seconds
#: and 700 MB of memory in EXIF, and 50 seconds and 4.5 GB as a TIFF's strips. A JPEG scan can be
#: only 100 bytes long but makes the decoder go over the whole photo. Ordinary files stay far below
#: all of these limits.
MAX_EXIF_BYTES = 2**20
MAX_JPEG_SEGMENTS = 5000
_MAX_JPEG_EXIFS = 16
_MAX_JPEG_SCANS = 100

_TIFF_STRIPS = {273, 324}
_TIFF_SUBDIRECTORIES = {34665, 34853, 40965}
#: TIFF types whose values Pillow keeps as one byte string.
_TIFF_STRINGS = {1, 2, 7}
_TIFF_SHORTS = {3, 8}


def is_hostile(data: bytes, formats: tuple[str, ...]) -> bool:
    """Return whether decoding would cost far more than the file's size suggests.

    Args:
        data: The whole file.
        formats: Pillow's names of the formats that the file may have.
    """
    if formats == ("JPEG",):
        return is_hostile_jpeg(data, segments_of(data))
    return formats == ("TIFF",) and _tiff_values(data) > MAX_VALUES


def is_hostile_jpeg(data: bytes, segments: Iterable[Segment]) -> bool:
    """Return whether a JPEG's first picture has more segments than any camera writes."""
    exifs = scans = 0
    for number, segment in enumerate(segments):
        scans += segment.code == SCAN
        exifs += segment.code == APP1 and data.startswith(EXIF, segment.start + 4)
        if number >= MAX_JPEG_SEGMENTS or exifs > _MAX_JPEG_EXIFS or scans > _MAX_JPEG_SCANS:
            return True
    return False


def _tiff_values(data: bytes) -> int:
    """Count the numbers that Pillow would turn into objects to read the tags of a TIFF's page 1."""
    tiff = TiffDirectories(data)
    total = 0
    subdirectories: dict[int, int] = {}
    for tag, kind, count, entry in tiff.entries(tiff.first):
        total += 1 + (count if kind not in _TIFF_STRINGS or tag in _TIFF_STRIPS else 0)
        if tag in _TIFF_SUBDIRECTORIES:
            length = 2 if kind in _TIFF_SHORTS else tiff.width
            subdirectories.setdefault(tag, tiff.number(entry + 4 + tiff.width, length))
    for directory in subdirectories.values():
        total += sum(
            1 + (count if kind not in _TIFF_STRINGS else 0)
            for _, kind, count, _ in tiff.entries(directory)
        )
    return total


def detach_metadata(data: bytes) -> bytes:
    """Detach EXIF and XMP from the image in an AVIF or HEIC file.

    The metadata is not needed, since these formats store the orientation elsewhere. Once it is
    detached, errors in it, such as a name that is not UTF-8, never reach a parser.
    """

    def renamed(box: re.Match[bytes]) -> bytes:
        # A box begins with its length and can't be longer than the file. Without this check,
        # a chance "cdsc" among the pixels would damage one photo in a thousand.
        is_box = int.from_bytes(box[1]) <= len(data)
        return box[1] + b"free" if is_box else box[0]

    return re.sub(rb"(....)cdsc", renamed, data, flags=re.DOTALL)
