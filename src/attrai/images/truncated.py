"""Decoding of files that end too early, as browsers show them, if nearly all of them is there.

Pillow would decode them if told so by `LOAD_TRUNCATED_IMAGES`. But that is a global variable, and
does not tell how much was decoded: half a photo would be rated like a whole one.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from PIL import ImageChops, ImageFile

from attrai.images.jpeg import EOI, end_of_scans, segments_of

#: Opens a file's bytes as an image that is not loaded yet.
Opener = Callable[[bytes], ImageFile.ImageFile]

#: The largest part of a photo, from its last row up, that may be missing.
_MAX_MISSING = 0.1
#: A JPEG is decoded by rows of blocks of up to this many pixels, of which the first that is not
#: whole is missing, and a row above that is interpolated from it.
_MCU_ROW = 17

#: More zeros in a row than compressed pixels end with.
_PADDING = bytes(64)
#: Formats in which zeros may be pixels.
_UNCOMPRESSED = {"BMP", "TIFF"}
#: Bytes that decode to something, whatever the coding is.
_NOISE = bytes(random.Random(1).choices(range(1, 255), k=4096))  # noqa: S311 - no secret

#: Chunks of a WebP that hold pixels, lossy or lossless.
_PIXELS = {b"VP8 ", b"VP8L"}


def strip_padding(data: bytes, formats: tuple[str, ...]) -> bytes:
    """Return a file without the zeros in the place of what a broken download did not bring.

    Decoders take them for pixels, so that half a photo would count as a whole one.
    """
    padded = data.endswith(_PADDING) and _UNCOMPRESSED.isdisjoint(formats)
    return data.rstrip(b"\0") if padded else data


def load_truncated(data: bytes, open_: Opener, format_: str) -> ImageFile.ImageFile | None:
    """Return the loaded image of a file that ends too early.

    Args:
        data: The file, which can't be decoded as it is.
        open_: Opens a file.
        format_: Pillow's name of the file's format.

    Returns:
        The image, or None if more of it is missing than a tenth of its rows, or if the file is
        damaged in another way or of a format that browsers show only as a whole.
    """
    if format_ == "JPEG":
        return _load_jpeg(data, open_)
    if format_ == "WEBP":
        return _load_webp(data, open_)
    return _load_rows(data, open_) if format_ in {"PNG", "GIF", "BMP"} else None


def _load_jpeg(data: bytes, open_: Opener) -> ImageFile.ImageFile | None:
    """Load a JPEG without an end marker.

    Its decoder makes up what is missing, without a word. So the file is decoded a second time with
    noise at its end: the first row that differs was not in the file.
    """
    ended = end_jpeg(data)
    if ended is None:
        return None
    scans = ended.removesuffix(EOI)
    file, noisy = open_(ended), open_(scans + _noise_behind(scans) + EOI)
    file.load()
    noisy.load()
    different = ImageChops.difference(file, noisy).getbbox()
    missing = file.height - different[1] if different else 0
    return file if missing <= max(_MAX_MISSING * file.height, _MCU_ROW) else None


def end_jpeg(data: bytes) -> bytes | None:
    """Return a JPEG with the end marker that it lacks; None if it has one or scans are missing."""
    end = end_of_scans(data, segments_of(data))
    if end is None or data.startswith(EOI, end):
        return None
    scans = data[:end]
    # A broken download may leave zeros behind.
    if scans.endswith(bytes(8)):
        scans = scans.rstrip(b"\0")
    return scans.rstrip(b"\xff") + EOI


def _noise_behind(scans: bytes) -> bytes:
    """Return noise that goes on after the last restart marker of an unfinished scan."""
    last = max(range(8), key=lambda number: scans.rfind(bytes([0xFF, 0xD0 + number])))
    if scans.rfind(bytes([0xFF, 0xD0 + last])) < scans.rfind(b"\xff\xda"):
        last = 7
    restarts = (bytes([0xFF, 0xD0 + (last + more) % 8]) for more in (1, 2))
    return _NOISE + b"".join(restart + _NOISE for restart in restarts)


def _load_webp(data: bytes, open_: Opener) -> ImageFile.ImageFile | None:
    """Load a WebP whose file is shorter than it claims."""
    chunks = []
    position, images = 12, 0
    while position + 8 <= len(data):
        name = data[position : position + 4]
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        content = data[position + 8 : position + 8 + length]
        if len(content) < length:
            if name not in _PIXELS or len(content) < (1 - _MAX_MISSING) * length:
                break
            # The decoder takes zeros for pixels, and may need more of them than there were bytes.
            content += bytes(length)
        chunks.append(name + struct.pack("<L", len(content)) + content + bytes(len(content) % 2))
        images += name in _PIXELS or name == b"ANMF"
        position += 8 + length + length % 2
    if not images:
        return None
    whole = b"WEBP" + b"".join(chunks)
    file = open_(b"RIFF" + struct.pack("<L", len(whole)) + whole)
    file.load()
    return file


def _load_rows(data: bytes, open_: Opener) -> ImageFile.ImageFile | None:
    """Load a file of a format that is decoded row by row.

    It is decoded over a black and over a white picture: what is the same on both was in the file.
    """
    black = _load_over(data, open_, 0)
    expected = _inner_rows(black)
    # There may not be enough memory for both.
    black.close()
    white = _load_over(data, open_, 255)
    return white if _inner_rows(white) == expected else None


def _inner_rows(file: ImageFile.ImageFile) -> bytes:
    """Return the rows that are there if no more is missing than may be, from whichever edge.

    They are pairs, since in an interlaced picture every other row comes last.
    """
    rows = max(1, int(file.height * _MAX_MISSING))
    edges = (rows - 1, file.height - rows - 1)
    return b"".join(file.crop((0, y, file.width, y + 2)).tobytes() for y in edges)


def _load_over(data: bytes, open_: Opener, fill: int) -> ImageFile.ImageFile:
    """Load what there is of an image over a picture of one colour."""
    file = open_(data)
    prepare = file.load_prepare

    def prepare_filled() -> None:
        prepare()
        file.im.paste(fill, (0, 0, *file.size))

    file.load_prepare = prepare_filled  # type: ignore[method-assign]  # called by `load`
    try:
        file.load()
    except (OSError, SyntaxError, ValueError, struct.error):
        # No part of the image is left to load.
        file.tile = []
    return file
