"""Tests of the segments of JPEGs, whole and damaged ones."""

from __future__ import annotations

import pytest

from attrai.images.jpeg import SCAN, end_of_scans, segments_of
from tests.images.files import FILES

TABLE = b"\xff\xdb\0\3t"
FRAME = b"\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x11\0"
SCAN_OF_IT = b"\xff\xda\0\x08\1\1\0\0\x3f\0data\xff\0\xff\xd0data"
FILE = b"\xff\xd8" + TABLE + FRAME + SCAN_OF_IT + b"\xff\xd9"


def codes(data: bytes, start: int = 0) -> str:
    """Return the codes of the segments in a JPEG."""
    return " ".join(f"{segment.code:02x}" for segment in segments_of(data, start))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (FILE, "db c0 da d9"),
        (FILE + FILE, "db c0 da d9"),
        (FILE[:-2], "db c0 da"),
        (FILE[:-2] + FILE, "db c0 da d8"),
        (FILE.replace(b"\xff\xdb", b"\xff\xff\xff\xdb"), "db c0 da d9"),
        (FILE.replace(TABLE, b"junk" + TABLE + b"\xff\0junk"), "db c0 da d9"),
        (FILE.replace(TABLE, b"\xff\xd8\xff\1" + TABLE), "d8 01 db c0 da d9"),
        (FILE.replace(TABLE, b"\xff\xe0\0\0" + TABLE), "e0 db c0 da d9"),
        (FILE.replace(TABLE, b"\xff\xe0\xff\xff" + TABLE), "e0"),
        (b"\xff\xd8\xff\xe0\0", "e0"),
        (b"\xff\xd8\xff", ""),
        (b"", ""),
    ],
)
def test_segments(data: bytes, expected: str) -> None:
    """Whatever is between and behind them, the segments of the first image are found."""
    assert codes(data) == expected


def test_segments_of_an_image_inside_a_file() -> None:
    """An image may start anywhere, and its segments have their positions in the file."""
    assert codes(b"II*\0" + FILE, 4) == codes(FILE)
    places = [(segment.start, segment.stop) for segment in segments_of(b"II*\0" + FILE, 4)]
    assert places == [(4 + each.start, 4 + each.stop) for each in segments_of(FILE)]


def test_the_content_of_a_segment() -> None:
    """Content is what follows the length, as far as it is in the file."""
    assert [each.content(FILE) for each in segments_of(FILE)][:2] == [b"t", FRAME[4:]]
    (cut,) = segments_of(b"\xff\xd8\xff\xe0\xff\xffabc")
    assert cut.content(b"\xff\xd8\xff\xe0\xff\xffabc") == b"abc"


def test_the_end_of_scans() -> None:
    """It is behind the scan that brings the last coefficients, if that scan is there."""
    for name in ("jpeg", "progressive"):
        data = FILES[name]
        assert end_of_scans(data, segments_of(data)) == len(data) - 2
        scans = [each for each in segments_of(data) if each.code == SCAN]
        cut = data[: scans[-1].start]
        assert end_of_scans(cut, segments_of(cut)) is None
        # What follows the end of an image does not complete it.
        cut += b"\xff\xd9" + data
        assert end_of_scans(cut, segments_of(cut)) is None
