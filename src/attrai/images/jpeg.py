"""The segments of a JPEG, read without decoding anything and without trusting a number.

A JPEG is a sequence of segments (ITU-T T.81, Annex B). Each is a marker, which is 0xFF and a code,
and for most codes two bytes with the length of the rest, and that rest. A scan's segment is
followed by its entropy-coded data, in which 0xFF stands only before a zero or as part of a restart
marker. Any marker may be padded with more 0xFF in front.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

#: The markers at the start and at the end of an image.
SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SCAN, APP1, APP2 = 0xDA, 0xE1, 0xE2
#: APP0 to APP15 and comments.
METADATA = {*range(0xE0, 0xF0), 0xFE}
#: Frames of every process, JPEG-LS included. They hold the photo's size.
FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
#: How the content of an APP1 and of an APP2 starts.
EXIF, ICC_PROFILE = b"Exif\0\0", b"ICC_PROFILE\0"

#: Any but restart markers.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_TEMPORARY = 0x01
#: Codes of markers that have no length behind them.
ALONE = {_TEMPORARY, SOI[1], EOI[1]}


class Segment(NamedTuple):
    """One segment of a JPEG."""

    code: int
    #: The position of its marker.
    start: int
    #: The position behind it, as it says itself: perhaps beyond the end of the file.
    stop: int

    def content(self, data: bytes) -> bytes:
        """Return what follows the segment's length in the file."""
        return data[self.start + 4 : self.stop]


def segments_of(data: bytes, start: int = 0) -> Iterator[Segment]:
    """Yield the segments of the image at a position, without its SOI.

    The last one is the image's EOI. In its place there may be nothing, or the SOI of another image.
    What lies between two segments before the first scan is passed over, as decoders do.
    """
    position, scanning = start + len(SOI), False
    while marker := _MARKER.search(data, position):
        code = marker[1][0]
        position = marker.end()
        if code not in ALONE:
            position += max(2, int.from_bytes(data[position : position + 2]))
        yield Segment(code, marker.start(), position)
        if code == EOI[1] or (scanning and code == SOI[1]):
            return
        scanning = scanning or code == SCAN


def end_of_scans(data: bytes, segments: Iterable[Segment]) -> int | None:
    """Return the position after the scan that completes a JPEG, or None if scans are missing.

    In a whole file the end marker is there.
    """
    #: Coefficients of each component that are not known yet to their last bit.
    missing: set[tuple[int, int]] = set()
    complete = False
    for segment in segments:
        if complete:
            return segment.start
        content = segment.content(data)
        if segment.code in FRAMES:
            # There are no more than four, whatever a hostile file claims.
            missing = {(component, i) for component in content[6:18:3] for i in range(64)}
        elif segment.code == SCAN and content and len(content) == 4 + 2 * content[0]:
            components, (first, last, bits) = content[1:-3:2], content[-3:]
            if not bits & 15:
                missing -= {(each, i) for each in components for i in range(first, last + 1)}
            complete = not missing
    return len(data) if complete else None
