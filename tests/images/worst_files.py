"""The files of each format whose decoding takes the most memory for their number of pixels."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pillow_heif
from PIL import Image

from tests.images.files import encoded

Size = tuple[int, int]

#: A WebP of 16383 x 3000 black pixels, for which its decoder takes 800 MB.
GIANT_WEBP = bytes.fromhex("524946461a000000574542505650384c0e0000002ffeffed02071011fd0f4444ff03")


def size_of(pixels: int) -> Size:
    """Return the size of a photo of so many pixels, or a few less."""
    return 8192, pixels // 8192


def _tiff(size: Size) -> bytes:
    """Return a TIFF of CMYK in 16 bits, all of it in one strip."""
    width, height = size
    compressor = zlib.compressobj()
    strip = b"".join(compressor.compress(bytes(8 * width)) for _ in range(height))
    strip += compressor.flush()
    short, long_ = 3, 4
    tags = {256: width, 257: height, 259: 8, 262: 5, 277: 4, 278: height, 279: len(strip)}
    entries = {tag: struct.pack("<HHLL", tag, long_, 1, value) for tag, value in tags.items()}
    bits = 8 + 2 + 12 * 9 + 4
    entries[258] = struct.pack("<HHLL", 258, short, 4, bits)
    entries[273] = struct.pack("<HHLL", 273, long_, 1, bits + 8)
    directory = b"".join(entries[tag] for tag in sorted(entries))
    header = b"II*\0" + struct.pack("<LH", 8, len(entries))
    return header + directory + bytes(4) + struct.pack("<4H", 16, 16, 16, 16) + strip


def _bmp(size: Size) -> bytes:
    """Return a BMP with run-length encoding."""
    width, height = size
    row = b"\xff\0" * (width // 255) + bytes([width % 255, 0]) + b"\0\0"
    pixels = row * height + b"\0\1"
    start = 14 + 40 + 1024
    head = b"BM" + struct.pack("<LHHL", start + len(pixels), 0, 0, start)
    info = (40, width, height, 1, 8, 1, len(pixels), 0, 0, 256, 0)
    return head + struct.pack("<LllHHLLllLL", *info) + bytes(1024) + pixels


def heic(mode: str, size: Size) -> bytes:
    """Return a HEIC in one of pillow_heif's raw modes, with colours at full resolution."""
    width, height = size
    depth = 2 if mode.endswith("16") else 1
    pixels = bytes(width * height * depth * len(mode.split(";", maxsplit=1)[0]))
    file = BytesIO()
    pillow_heif.from_bytes(mode, size, pixels).save(file, quality=50, chroma=444)
    return file.getvalue()


#: How to make a file of a size, by format.
WORST_FILES: dict[str, Callable[[Size], bytes]] = {
    "JPEG": lambda size: encoded(
        Image.new("CMYK", size), "JPEG", progressive=True, subsampling="4:4:4"
    ),
    "PNG": lambda size: encoded(Image.new("RGBA", size), "PNG", compress_level=1),
    "BMP": _bmp,
    "GIF": lambda size: encoded(Image.new("P", size), "GIF", transparency=0),
    "TIFF": _tiff,
    "AVIF": lambda size: encoded(
        Image.new("RGBA", size, (1, 2, 3, 4)), "AVIF", speed=10, subsampling="4:4:4"
    ),
    "WEBP": lambda size: encoded(
        Image.new("RGBA", size, (1, 2, 3, 4)), "WEBP", lossless=True, method=0
    ),
}
