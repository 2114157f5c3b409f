"""Tests of valid files that can't be decoded here: they are told from damaged ones."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import pytest
from PIL import TiffImagePlugin, TiffTags

from attrai.errors import BrokenImage, NotAnImage
from attrai.images import accept_photo, decode_photo
from attrai.images.codecs import unpack_photo
from tests.conftest import ROOT
from tests.images.files import FILES, HEIC, HEIC_ROTATED, LIMITS

WIDTH, HEIGHT = 100, 80
JPEG = FILES["jpeg"]
FRAME = JPEG.index(b"\xff\xc0")


def jpeg(process: int = 0xC0, bits: int = 8, colours: int = 3) -> bytes:
    """Return a JPEG whose frame claims to be of another kind."""
    head = struct.pack(">BBHBHHB", 0xFF, process, 17, bits, 320, 240, colours)
    return JPEG[:FRAME] + head + JPEG[FRAME + len(head) :]


def masks(*colours: int) -> bytes:
    """Return the masks of a BMP's colours."""
    return struct.pack("<LLL", *colours)


def bmp(depth: int, compression: int, length: int, rest: bytes = b"", header: int = 40) -> bytes:
    """Return a BMP of 240x320."""
    fields = (header, 240, 320, 1, depth, compression, length, 0, 0, 0, 0)
    start = 14 + 40 + len(rest)
    head = b"BM" + struct.pack("<LLL", start + length, 0, start)
    return head + struct.pack("<LllHHLLllLL", *fields) + rest + bytes(length)


def tiff(
    bits: tuple[int, ...] = (8, 8, 8),
    below: dict[int, int] | None = None,
    magic: bytes = b"",
    **tags: int,
) -> bytes:
    """Return a TIFF of zeros, with further tags and a directory below its first."""
    pixels = bytes(WIDTH * HEIGHT * sum(bits) // 8)
    attached = directory(below, 8 + len(magic)) if below else b""
    first = 8 + len(magic + attached)
    # Pillow counts the position of the pixels from the end of the directory.
    fields: dict[int, int | tuple[int, ...]] = {256: WIDTH, 257: HEIGHT, 258: bits, 259: 1, 273: 0}
    fields |= {262: 2 if len(bits) == 3 else 1, 277: len(bits), 278: HEIGHT, 279: len(pixels)}
    fields |= {330: 8 + len(magic)} if below else {}
    fields |= {TAGS[name]: value for name, value in tags.items()}
    head = b"II*\0" + struct.pack("<L", first)
    return head + magic + attached + directory(fields, first) + pixels


TAGS = {"bits": 258, "compression": 259, "photometric": 262, "planes": 284, "sample_format": 339}
TAGS |= {"subfile": 254, "dng": 50706}


def directory(
    fields: Mapping[int, int | tuple[int, ...]], position: int, head: bytes = b"II*\0\0\0\0\0"
) -> bytes:
    """Return a TIFF's directory for a position in the file, in the byte order of its head."""
    entries = TiffImagePlugin.ImageFileDirectory_v2(head)
    for tag, value in fields.items():
        entries.tagtype[tag] = TiffTags.LONG if tag in {273, 279, 330} else TiffTags.SHORT
        entries[tag] = value
    return entries.tobytes(position)


FLOATS = tiff((32, 32, 32), sample_format=3)


def big_endian(**tags: int) -> bytes:
    """Return a big-endian TIFF of zeros, one colour a pixel, in PackBits."""
    head = b"MM\0*\0\0\0\x08"
    row = b"\x81\0" * (2 * WIDTH * HEIGHT // 128)
    fields = {256: WIDTH, 257: HEIGHT, 258: 16, 259: 32773, 262: 1, 273: 0, 277: 1, 278: HEIGHT}
    fields |= {279: 2 * len(row)} | {TAGS[name]: value for name, value in tags.items()}
    return head + directory(fields, 8, head) + 2 * row


UNSUPPORTED = {
    "lossless jpeg": jpeg(0xC3),
    "hierarchical jpeg": jpeg(0xC5),
    "arithmetic lossless jpeg": jpeg(0xCB),
    "jpeg-ls": jpeg(0xF7),
    "jpeg of 12 bits": jpeg(0xC1, bits=12),
    "jpeg of two colours": jpeg(colours=2),
    "jpeg whose height comes last": JPEG[: FRAME + 5] + bytes(2) + JPEG[FRAME + 7 :],
    "bmp of 2 bits": bmp(2, 0, 60 * 320, bytes(16)),
    "bmp of 64 bits": bmp(64, 0, 240 * 8 * 320),
    "bmp of 10 bits a colour": bmp(32, 3, 240 * 4 * 320, masks(0x3FF00000, 0xFFC00, 0x3FF)),
    "bmp of 4 bits a colour": bmp(16, 3, 240 * 2 * 320, masks(0xF00, 0xF0, 0xF)),
    "jpeg in a bmp": bmp(0, 4, 9000),
    "png in a bmp": bmp(0, 5, 9000),
    "bmp in cmyk": bmp(32, 11, 240 * 4 * 320),
    "bmp of os/2 like a fax": bmp(1, 3, 5000, bytes(24), header=64),
    "rgb tiff of floats": FLOATS,
    "tiff of half floats": tiff((16,), sample_format=3),
    "tiff of doubles": tiff((64,), sample_format=3),
    "tiff of 32-bit colours": tiff((32, 32, 32)),
    "tiff of 10-bit colours": tiff((10, 10, 10)),
    "tiff of five colours": tiff((8,) * 5, photometric=2),
    "tiff in jbig": tiff(compression=34661),
    "tiff in lerc": tiff(compression=34887),
    "tiff in jpeg 2000": tiff(compression=34712),
    "tiff in jpeg xl": tiff(compression=50002),
    "tiff in webp": tiff(compression=50001),
    "tiff in logluv": tiff((16,) * 3, compression=34676, photometric=32845),
    "tiff of 16 bits in planes": tiff((16, 16, 16), planes=2),
    "cmyk tiff of 16 bits in planes": tiff((16,) * 4, photometric=5, planes=2),
    "tiff of 16 bits, white is zero": tiff((16,), photometric=0),
    "tiff of floats, white is zero": tiff((32,), photometric=0, sample_format=3),
    "tiff of 32 bits without a sign": tiff((32,)),
    "big-endian tiff of 16 bits with a sign": big_endian(sample_format=2),
    "big-endian tiff of 32 bits": big_endian(bits=32, sample_format=2),
    "big-endian tiff of floats": big_endian(bits=32, sample_format=3),
    "dng": tiff(dng=0x104),
    "nef, arw": tiff(subfile=1, below={262: 32803}),
    "raw below a whole preview": tiff(below={262: 34892}),
    "preview of what is unknown": tiff(subfile=1, below={254: 0}),
    "cr2": tiff(magic=b"CR\2\0" + bytes(4)),
    "pef": tiff((16,), photometric=32803, compression=65535),
    "orf": b"IIRO" + FILES["tiff"][4:],
    "rw2": b"IIU\0" + FILES["tiff"][4:],
    "cr3": b"\0\0\0\x18ftypcrx " + bytes(999),
    "raf": b"FUJIFILMCCD-RAW " + bytes(999),
    "heif in jpeg": HEIC.replace(b"hvc1", b"jpeg"),
    "heif in vvc": HEIC.replace(b"hvc1", b"vvc1"),
    "heif in avc": HEIC.replace(b"hvc1", b"avc1"),
    "heif in jpeg 2000": HEIC.replace(b"hvc1", b"j2k1"),
    "heif uncompressed": HEIC.replace(b"hvc1", b"unci"),
    "heif with an unknown property": HEIC_ROTATED.replace(b"irot", b"xxxx"),
    "mif1 in jpeg": FILES["avif called mif1"].replace(b"av01", b"jpeg"),
    "avif in av2": FILES["avif"].replace(b"av01", b"av02"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_a_variant_that_cannot_be_decoded(name: str) -> None:
    """A valid file of an unknown variant is no image here; sending it again would not help."""
    with pytest.raises(NotAnImage):
        accept_photo(UNSUPPORTED[name], LIMITS)


DAMAGED = {
    "cut tiff of floats": FLOATS[:-5000],
    "start of a tiff": FLOATS[:100],
    "cut bmp": UNSUPPORTED["bmp of 4 bits a colour"][:99_000],
    "bmp of no known depth": bmp(7, 0, 240 * 320),
    "rubbish in lzw": tiff(compression=5),
    "cut heic": HEIC[: len(HEIC) // 2],
    "cut avif": FILES["avif"][: len(FILES["avif"]) // 2],
    "jpeg of scans it does not need": jpeg(0xC2),
    "jpeg of an empty scan": JPEG[:2] + b"\xff\xda\0\2" + JPEG[2:],
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file(name: str) -> None:
    """A file that is not whole is damaged, whatever its variant."""
    with pytest.raises(BrokenImage):
        unpack_photo(accept_photo(DAMAGED[name], LIMITS)[0])


def test_smaller_versions_of_a_photo_do_no_harm() -> None:
    """A TIFF that brings smaller versions of its photo along is no raw photo."""
    assert decode_photo(tiff(below={254: 1, 262: 2}), LIMITS).size == (WIDTH, HEIGHT)
    assert decode_photo(tiff(subfile=1), LIMITS).size == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    "file",
    [
        tiff((8, 8, 8), planes=2),
        tiff((16, 16, 16)),
        tiff((16,)),
        tiff((8,), photometric=0),
        tiff((32,), sample_format=2),
        tiff((32,), sample_format=3),
        big_endian(),
    ],
)
def test_neighbours_of_what_would_be_misread(file: bytes) -> None:
    """TIFFs that differ by one tag from those that would be misread are decoded."""
    assert decode_photo(file, LIMITS).size == (WIDTH, HEIGHT)


def test_directories_without_end() -> None:
    """A TIFF whose directories lead to each other is read once."""
    file = bytearray(tiff(below={254: 1}))
    first = struct.unpack_from("<L", file, 4)[0]
    entries = struct.unpack_from("<H", file, first)[0]
    struct.pack_into("<L", file, first + 2 + 12 * entries, first)
    assert decode_photo(bytes(file), LIMITS).size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("name", ["three_faces.dng", "rgb_float32.tif"])
def test_files_of_others(name: str) -> None:
    """Files that others made are told from damaged ones."""
    path = ROOT.parent / "shared" / "cases" / name
    if not path.exists():
        pytest.skip(f"no {path}")
    with pytest.raises(NotAnImage):
        decode_photo(path.read_bytes(), LIMITS)
