"""Files of every format that show the same picture."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from attrai.decoding import Limits

HERE = Path(__file__).parent
LIMITS = Limits()
HEIC = (HERE / "photos/portrait.heic").read_bytes()
HEIC_ROTATED = (HERE / "photos/portrait-rotated.heic").read_bytes()


def portrait(size: tuple[int, int] = (240, 320)) -> Image.Image:
    """The picture that the fixtures in `photos` show."""
    with Image.open(HERE.parents[1] / "examples/astronaut.jpg") as photo:
        face = photo.convert("RGB").crop((100, 0, 388, 384))
    face.info.clear()
    return face.resize(size, Image.Resampling.LANCZOS)


PORTRAIT = portrait()
OTHER = ImageOps.invert(PORTRAIT)


def encoded(photo: Image.Image, format_: str, **options: Any) -> bytes:
    """The photo as a file."""
    buffer = BytesIO()
    # A copy, for Pillow leaves the options of one encoder to the next.
    photo.copy().save(buffer, format_, **options)
    return buffer.getvalue()


def distance(photo: Image.Image, expected: Image.Image) -> float:
    """The mean absolute difference of two pictures, in levels of 0 to 255."""
    assert (photo.mode, photo.size) == ("RGB", expected.size)
    wanted = np.asarray(expected.convert("RGB"), dtype=float)
    return float(np.abs(np.asarray(photo, dtype=float) - wanted).mean())


def frames() -> dict[str, Any]:
    """The options that append a second picture."""
    return {"save_all": True, "append_images": [OTHER.copy()]}


FILES = {
    "jpeg": encoded(PORTRAIT, "JPEG", quality=90),
    "progressive": encoded(PORTRAIT, "JPEG", quality=90, progressive=True),
    "mpo": encoded(PORTRAIT, "MPO", quality=90, **frames()),
    "png": encoded(PORTRAIT, "PNG"),
    "apng": encoded(PORTRAIT, "PNG", **frames()),
    "webp": encoded(PORTRAIT, "WEBP", quality=90),
    "lossless webp": encoded(PORTRAIT, "WEBP", lossless=True),
    "animated webp": encoded(PORTRAIT, "WEBP", quality=90, **frames()),
    "bmp": encoded(PORTRAIT, "BMP"),
    "tiff": encoded(PORTRAIT, "TIFF"),
    "tiff in lzw": encoded(PORTRAIT, "TIFF", compression="tiff_lzw"),
    "tiff in jpeg": encoded(PORTRAIT, "TIFF", compression="jpeg"),
    "bigtiff": encoded(PORTRAIT, "TIFF", big_tiff=True),
    "tiff of two pages": encoded(PORTRAIT, "TIFF", **frames()),
    "gif": encoded(PORTRAIT, "GIF"),
    "animated gif": encoded(PORTRAIT, "GIF", **frames()),
    "avif": encoded(PORTRAIT, "AVIF", quality=90),
    "avif sequence": encoded(PORTRAIT, "AVIF", quality=90, **frames()),
    "avif called mif1": encoded(PORTRAIT, "AVIF").replace(b"ftypavif", b"ftypmif1", 1),
    "heic": HEIC,
    "rotated heic": HEIC_ROTATED,
    "heic called mif1": HEIC.replace(b"ftypheic", b"ftypmif1", 1),
}


def png_chunk(name: bytes, content: bytes) -> bytes:
    """A chunk with its checksum."""
    check = struct.pack(">L", zlib.crc32(name + content))
    return struct.pack(">L", len(content)) + name + content + check


def with_exif(photo: Image.Image, exif: Image.Exif) -> Image.Image:
    """A copy of the photo that carries EXIF."""
    copy = photo.copy()
    copy.info["exif"] = exif.tobytes()
    return copy
