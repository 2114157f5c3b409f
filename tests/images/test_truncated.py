"""Tests of files that end too early: what nearly is a whole photo is decoded, as browsers do."""

from __future__ import annotations

import random
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from attrai.errors import BrokenImage
from attrai.images import accept_photo, decode_photo
from attrai.images.codecs import unpack_photo
from tests.images.files import FILES, LIMITS, PORTRAIT, distance, encoded, png_chunk

JPEGS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "progressive restarts": {"progressive": True, "restart_marker_rows": 1},
    "fine": {"subsampling": 0, "optimize": True},
    "grey": {},
}
NOISE = random.Random(3).randbytes(500)
TAILS = [b"", b"\xff", bytes(5000), b"\xff" * 30, NOISE, b"\r\n", b"\xff\xc4\0\x10" + bytes(20)]
#: Another file, and the end of one.
OTHERS = [FILES["jpeg"], b"\xff\xc4\0\x10" + bytes(20) + b"\xff\xd9", b"junk\xff\xd9"]


def jpeg(name: str) -> bytes:
    """Return a JPEG of one of the kinds."""
    photo = PORTRAIT.convert("L") if name == "grey" else PORTRAIT
    return encoded(photo, "JPEG", quality=90, **JPEGS[name])


@pytest.mark.parametrize("tail", TAILS + OTHERS)
@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_without_its_end_marker(name: str, tail: bytes) -> None:
    """All of a JPEG but its end marker is decoded as with it, whatever comes in its place."""
    file = jpeg(name)
    assert file.endswith(b"\xff\xd9")
    content, _ = accept_photo(file[:-2] + tail, LIMITS)
    expected, _ = accept_photo(file, LIMITS)
    assert unpack_photo(content) == unpack_photo(expected)


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("name", JPEGS)
def test_half_a_jpeg(name: str, tail: bytes) -> None:
    """Half a JPEG is refused, whatever comes behind it."""
    file = jpeg(name)
    with pytest.raises(BrokenImage):
        decode_photo(file[: len(file) // 2] + tail, LIMITS)


PADDED = ["jpeg", "progressive", "mpo", "webp", "lossless webp", "png", "gif", "heic", "avif"]


@pytest.mark.parametrize("zeros", [0, 10**6])
@pytest.mark.parametrize("name", PADDED)
def test_a_download_that_left_zeros(name: str, zeros: int) -> None:
    """Half a file is refused if zeros fill it up; behind a whole one they do no harm."""
    file = FILES[name]
    half = len(file) // 2 if name != "mpo" else len(FILES["jpeg"]) // 2
    with pytest.raises(BrokenImage):
        accept_photo(file[:half].ljust(zeros or len(file), b"\0"), LIMITS)
    assert decode_photo(file + bytes(1000), LIMITS) == decode_photo(file, LIMITS)


@pytest.mark.parametrize("rows", [1, 10, 15])
def test_a_jpeg_that_ends_between_two_restart_markers(rows: int) -> None:
    """A JPEG that ends where a restart marker should be is no whole one."""
    file = encoded(PORTRAIT, "JPEG", restart_marker_rows=1)
    pieces = file.split(b"\xff" + bytes([0xD0 + (rows - 1) % 8]))
    end = file.index(pieces[1 + (rows - 1) // 8]) - 2
    with pytest.raises(BrokenImage):
        decode_photo(file[:end], LIMITS)


def test_progressive_jpegs_need_each_of_their_scans() -> None:
    """A JPEG whose last scan is missing as a whole is refused."""
    file = jpeg("progressive")
    with pytest.raises(BrokenImage):
        decode_photo(file[: file.rindex(b"\xff\xda")], LIMITS)


FORMATS = ["jpeg", "progressive", "png", "apng", "gif", "webp", "lossless webp", "bmp"]
FORMATS += ["animated gif", "animated webp", "mpo"]


@pytest.mark.parametrize("missing", [1, 2, 3, 5, 8, 13, 21, 60])
@pytest.mark.parametrize("name", FORMATS)
def test_the_last_bytes_may_be_missing(name: str, missing: int) -> None:
    """A file of a format that browsers show while it loads may lack its last bytes."""
    photo = decode_photo(FILES[name][:-missing], LIMITS)
    assert distance(photo, decode_photo(FILES[name], LIMITS)) < 3


@pytest.mark.parametrize("name", ["png", "gif", "webp", "lossless webp", "bmp", "tiff"])
def test_half_a_file(name: str) -> None:
    """Half a file is refused in every format."""
    with pytest.raises(BrokenImage):
        decode_photo(FILES[name][: len(FILES[name]) // 2], LIMITS)


def test_interlaced_and_transparent_files() -> None:
    """What is missing is noticed where rows are not in order, or are transparent at first."""
    transparent = PORTRAIT.convert("RGBA")
    transparent.putalpha(PORTRAIT.convert("L").point(lambda value: 255 * (value > 60)))
    for file in (encoded(transparent, "GIF"), encoded(PORTRAIT, "GIF", interlace=True)):
        assert decode_photo(file[:-20], LIMITS).size == PORTRAIT.size
        with pytest.raises(BrokenImage):
            decode_photo(file[: len(file) * 2 // 3], LIMITS)


@pytest.mark.parametrize("length", [0, 12, -10, 10, 2**20, 2**31])
def test_a_webp_of_a_wrong_length(length: int) -> None:
    """A WebP whose header gives a wrong length is decoded if its pixels are there."""
    file = FILES["webp"]
    claimed = length if length in {0, 12} else len(file) - 8 + length
    wrong = file[:4] + struct.pack("<L", claimed) + file[8:]
    assert distance(decode_photo(wrong, LIMITS), PORTRAIT) < 4


def test_a_png_without_its_end() -> None:
    """A PNG whose last chunk is missing is decoded."""
    end = png_chunk(b"IEND", b"")
    assert FILES["png"].endswith(end)
    assert distance(decode_photo(FILES["png"][: -len(end)], LIMITS), PORTRAIT) == 0


def test_threads_do_not_disturb_each_other() -> None:
    """Half a file stays refused while other threads decode files without an end."""
    whole, half = jpeg("baseline")[:-2], jpeg("baseline")[:6000]

    def refused(data: bytes) -> bool:
        try:
            decode_photo(data, LIMITS)
        except BrokenImage:
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(refused, [whole, half] * 40)) == [False, True] * 40


def test_a_large_photo_is_decoded_small() -> None:
    """A JPEG without its end is shrunk as it is decoded, like a whole one."""
    file = encoded(PORTRAIT.resize((2700, 3600)), "JPEG", progressive=True)
    photo = decode_photo(file[:-2], LIMITS)
    assert distance(photo, PORTRAIT.resize((960, 1280), Image.Resampling.LANCZOS)) < 4
