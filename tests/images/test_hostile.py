"""Tests of files made to exhaust or crash their decoder, and of files damaged by chance."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from attrai.errors import (
    BrokenImage,
    UserError,
)
from attrai.images import Limits, decode_photo
from attrai.images.hostile import detach_metadata
from tests.images.files import (
    FILES,
    HEIC,
    HEIC_ROTATED,
    LIMITS,
    PORTRAIT,
    distance,
    encoded,
    png_chunk,
    portrait,
    with_exif,
)
from tests.images.profiles import P3_ICC


def tiff(tags: list[tuple[int, int, int, int]], rest: bytes = b"") -> bytes:
    """Return a little-endian TIFF with one directory."""
    entries = b"".join(struct.pack("<HHLL", *tag) for tag in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + rest


def bombs(side: int) -> dict[str, bytes]:
    """Return small files whose headers claim `side` x `side` pixels."""
    sides = struct.pack(">LL", side, side)
    jpeg, frame = FILES["jpeg"], FILES["jpeg"].index(b"\xff\xc0") + 5
    avif, heic = FILES["avif"].index(b"ispe") + 8, HEIC.index(b"ispe") + 8
    header = png_chunk(b"IHDR", sides + b"\x08\2\0\0\0")
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(4096)))
    webp, canvas = FILES["animated webp"], struct.pack("<L", side - 1)[:3] * 2
    bitmap = struct.pack("<LLLHHLLLLLL", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    strips = [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (262, 3, 1, 1)]
    screen = struct.pack("<HH", side, side)
    return {
        "jpeg": jpeg[:frame] + struct.pack(">HH", side, side) + jpeg[frame + 4 :],
        "png": b"\x89PNG\r\n\x1a\n" + header + pixels,
        "webp": webp[:24] + canvas + webp[30:],
        "bmp": b"BM" + struct.pack("<LLL", 999, 0, 54) + bitmap + bytes(999),
        "tiff": tiff([*strips, (273, 4, 1, 8), (278, 4, 1, side), (279, 4, 1, 99)], bytes(99)),
        "gif": b"GIF89a" + bytes(7) + b"," + bytes(4) + screen + b"\0\x08\0;",
        "avif": FILES["avif"][:avif] + sides + FILES["avif"][avif + 8 :],
        "heic": HEIC[:heic] + sides + HEIC[heic + 8 :],
    }


#: 40 megapixels, 160 MB when decoded.
LARGE_JPEG = encoded(Image.new("RGB", (8000, 5000), "gray"), "JPEG")

MEASURE = """
import resource, sys, time, warnings
from pathlib import Path
from attrai.images import Limits, decode_photo
from attrai.errors import UserError
warnings.simplefilter("error")
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name in sys.argv[1:]:
    before, start = peak(), time.process_time()
    code = "read"
    try:
        decode_photo(Path(name).read_bytes(), Limits())
    except UserError as error:
        code = error.code
    print(code, peak() - before, time.process_time() - start)
"""


def measure_decoding(files: dict[str, bytes], folder: Path) -> dict[str, tuple[str, int, float]]:
    """Decode files and return each one's outcome, growth of peak memory in kB, and CPU seconds."""
    files = {"warm-up": FILES["jpeg"], **files}
    for name, file in files.items():
        (folder / name).write_bytes(file)
    # In a new process, since the peak memory of this one includes the tests before.
    run = subprocess.run(  # runs only the script above
        [sys.executable, "-c", MEASURE, *(str(folder / name) for name in files)],
        capture_output=True,
        text=True,
        check=True,
    )
    answers = (line.split() for line in run.stdout.splitlines())
    return {
        name: (code, int(kilobytes), float(seconds))
        for name, (code, kilobytes, seconds) in zip(files, answers, strict=True)
    }


@pytest.mark.parametrize("side", [10_000, 30_000])
def test_a_bomb_is_refused_by_its_header(side: int, tmp_path: Path) -> None:
    """A small file whose header claims too many pixels is refused at little cost.

    It takes less than 10 MB of memory and less time than a photo of 40 megapixels.
    """
    answers = measure_decoding({**bombs(side), "large": LARGE_JPEG}, tmp_path)
    assert answers.pop("warm-up")[0] == "read"
    large, _, yardstick = answers.pop("large")
    assert large == "read"
    for name, (code, kilobytes, seconds) in answers.items():
        refused_by_libavif = name == "avif" and side > 2**14
        assert code == ("broken-image" if refused_by_libavif else "too-many-pixels"), name
        assert kilobytes < 10_000, name
        assert seconds < yardstick, name


def test_a_large_jpeg_is_decoded_small(tmp_path: Path) -> None:
    """A JPEG of 40 megapixels, 160 MB when decoded, needs less than 40 MB."""
    code, kilobytes, _ = measure_decoding({"large": LARGE_JPEG}, tmp_path)["large"]
    assert code == "read"
    assert kilobytes < 40_000


def traps() -> dict[str, bytes]:
    """Return hostile files, which have few pixels but take very long to decode."""
    jpeg, many = FILES["progressive"], 300_000
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    text = png_chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(1_000_000)))
    tags = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (262, 3, 1, 1), (278, 4, 1, 1)]
    below = 8 + 2 + 12 * (len(tags) + 1) + 4
    exif = struct.pack("<HHHLLL", 1, 0x9000, 5, many, below, 0)
    big = struct.pack("<QHHQQQ", 1, 273, 1, many, 44, 0)
    return {
        "scans": jpeg[:-2] + scan * 100 + jpeg[-2:],
        "exif": jpeg[:2] + b"\xff\xe1\0\x0aExif\0\0II" * 17 + jpeg[2:],
        "segments": jpeg[:2] + b"\xff\xec\0\2" * 5001 + jpeg[2:],
        "texts": FILES["png"][:33] + text * 70 + FILES["png"][33:],
        "strips": tiff([*tags, (273, 1, many, below)], bytes(many)),
        "strips in bigtiff": b"II+\0\x08\0\0\0\x10" + bytes(7) + big + bytes(many),
        "tags of exif": tiff([*tags, (34665, 4, 1, below)], exif + bytes(many * 8)),
        "tags of exif by a short": tiff(
            [*tags, (34665, 3, 1, 0xFFFF0000 + below)], exif + bytes(many * 8)
        ),
    }


@pytest.mark.parametrize("name", traps())
def test_a_file_made_to_exhaust_is_refused(name: str) -> None:
    """A file that takes far more work than its pixels justify is refused."""
    with pytest.raises(BrokenImage, match=r"exhaust|Too much"):
        decode_photo(traps()[name], LIMITS)


def test_a_heic_cannot_crash_the_process() -> None:
    """A HEIC with a metadata name that is not UTF-8, which crashed pi-heif, is decoded."""
    assert b"\0\0Exif\0" in HEIC_ROTATED
    file = HEIC_ROTATED.replace(b"\0\0Exif\0", b"\0\0\x80xif\0", 1)
    assert distance(decode_photo(file, LIMITS), PORTRAIT) < 4


def test_pixels_that_look_like_metadata_are_kept() -> None:
    """Only bytes that can be a metadata box are renamed."""
    assert detach_metadata(b"\0\0\0\x0ecdsc" + bytes(6)) == b"\0\0\0\x0efree" + bytes(6)
    assert detach_metadata(b"\xffsomecdsc") == b"\xffsomecdsc"


SMALL = portrait((72, 80))
VICTIMS = {
    "jpeg": encoded(SMALL, "JPEG", exif=with_exif(SMALL, Image.Exif()).info["exif"]),
    "progressive": encoded(SMALL, "JPEG", progressive=True, icc_profile=P3_ICC),
    "mpo": encoded(SMALL, "MPO", save_all=True, append_images=[SMALL]),
    "png": encoded(SMALL.quantize(99), "PNG", transparency=b"\0\7", icc_profile=P3_ICC),
    "apng": encoded(SMALL.convert("L"), "PNG", save_all=True, append_images=[SMALL.convert("L")]),
    "webp": encoded(SMALL, "WEBP", icc_profile=P3_ICC),
    "bmp": encoded(SMALL.quantize(99), "BMP"),
    "tiff": encoded(SMALL, "TIFF", icc_profile=P3_ICC),
    "tiff in lzw": encoded(SMALL.convert("LAB"), "TIFF", compression="tiff_lzw"),
    "gif": encoded(SMALL, "GIF", transparency=3, comment=b"Hello"),
    "avif": encoded(SMALL, "AVIF"),
    "heic": HEIC_ROTATED,
}


def survives(data: bytes) -> None:
    """Check that decoding gives a photo within the limits or a `UserError`."""
    limits = Limits(max_pixels=10**6, max_side=100)
    try:
        photo = decode_photo(data, limits)
    except UserError:
        return
    assert photo.mode == "RGB"
    assert 1 <= min(photo.size) <= max(photo.size) <= limits.max_side
    assert not photo.info


@pytest.mark.parametrize("name", VICTIMS)
@settings(max_examples=40, deadline=None)
@given(part=st.floats(0, 1))
def test_a_file_may_end_anywhere(name: str, part: float) -> None:
    """A file truncated at any byte is either decoded or refused."""
    survives(VICTIMS[name][: int(part * len(VICTIMS[name]))])


@pytest.mark.parametrize("name", VICTIMS)
@settings(max_examples=60, deadline=None)
@given(flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_file_may_be_damaged_anywhere(name: str, flips: list[tuple[float, int]]) -> None:
    """A file with wrong bytes anywhere is either decoded or refused."""
    data = bytearray(VICTIMS[name])
    for part, byte in flips:
        # Most errors come from the header, so its bytes are changed more often.
        data[int(part**3 * (len(data) - 1))] = byte
    survives(bytes(data))
