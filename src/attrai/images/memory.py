"""How many pixels a file may have, so that its decoder fits into the memory that is set aside.

Decoders need 4 to 20 bytes for each pixel of a file, depending on its format. The memory set aside
is enough for a photo of `ATTRAI_MAX_MEGAPIXELS` in the formats that cameras write; in the others
fewer pixels are accepted. tests/images/test_memory.py measures all this.
"""

from __future__ import annotations

from PIL import Image

#: Memory set aside, in bytes for each pixel of the largest photo.
MEMORY_BYTES_PER_PIXEL = 11
#: Bytes that the worst file of a kind takes for each of its pixels, where that is more.
_BYTES_PER_PIXEL = {
    "TIFF": 12.5,  # 4 channels of 16 bits in one strip
    "AVIF": 15,  # with transparency and colours at full resolution
    "WEBP": 18,  # the decoder of animations is used for all
    "HEIF": 10.8,
    "HEIF with alpha or more than 8 bits": 21,
}


def kind_of(file: Image.Image) -> str | None:
    """Return the kind of an open file, for `max_pixels_of`."""
    if file.format == "HEIF" and (file.mode != "RGB" or file.info.get("bit_depth") != 8):  # noqa: PLR2004 - explained by its name
        return "HEIF with alpha or more than 8 bits"
    return file.format


def max_pixels_of(kind: str | None, max_pixels: int) -> int:
    """Return how many pixels a file may have if one of the best kind may have `max_pixels`."""
    needed = _BYTES_PER_PIXEL.get(kind or "", MEMORY_BYTES_PER_PIXEL)
    if needed <= MEMORY_BYTES_PER_PIXEL:
        return max_pixels
    most = int(max_pixels * MEMORY_BYTES_PER_PIXEL / needed)
    # People are told a round number.
    return most // 10**6 * 10**6 or most


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Return the width and height in the header of a WebP file, whose decoder takes memory at once.

    None if the header is damaged.
    """
    kind, header = data[12:16], data[20:30]
    if len(header) < 10:  # noqa: PLR2004 - as the format has it
        return None
    if kind == b"VP8X":
        return 1 + int.from_bytes(header[4:7], "little"), 1 + int.from_bytes(header[7:], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(header[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = header[6:8], header[8:]
        return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
    return None
