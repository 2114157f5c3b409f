"""Test files of every format, all of which show the same picture."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from attrai.images import Limits

HERE = Path(__file__).parent
LIMITS = Limits()
HEIC = (HERE / "photos/portrait.heic").read_bytes()
HEIC_ROTATED = (HERE / "photos/portrait-rotated.heic").read_bytes()


def portrait(size: tuple[int, int] = (240, 320)) -> Image.Image:
    """Return the picture that the files in `photos` show."""
    with Image.open(HERE.parents[1] / "examples/astronaut.jpg") as photo:
        face = photo.convert("RGB").crop((100, 0, 388, 384))
    face.info.clear()
    return face.resize(size, Image.Resampling.LANCZOS)


PORTRAIT = portrait()
OTHER = ImageOps.invert(PORTRAIT)


def encoded(photo: Image.Image, format_: str, **options: Any) -> bytes:
    """Encode a photo as a file."""
    buffer = BytesIO()
    # A copy, because Pillow keeps one encoder's options on the image for the next encoder.
    photo.copy().save(buffer, format_, **options)
    return buffer.getvalue()


def distance(photo: Image.Image, expected: Image.Image) -> float:
    """Return the mean absolute difference of two pictures, in levels from 0 to 255."""
    assert (photo.mode, photo.size) == ("RGB", expected.size)
    wanted = np.asarray(expected.convert("RGB"), dtype=float)
    return float(np.abs(np.asarray(photo, dtype=float) - wanted).mean())


def frames() -> dict[str, Any]:
    """Return the encoder options that append a second picture."""
    return {"save_all": True, "append_images": [OTHER.copy()]}


class LazyFiles(Mapping[str, bytes]):
    """Files that are encoded on first access."""

    def __init__(self, encoders: Mapping[str, Callable[[], bytes]]) -> None:
        self._encoders = encoders
        self._files: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._files:
            self._files[name] = self._encoders[name]()
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoders)

    def __len__(self) -> int:
        return len(self._encoders)


FILES = LazyFiles(
    {
        "jpeg": lambda: encoded(PORTRAIT, "JPEG", quality=90),
        "progressive": lambda: encoded(PORTRAIT, "JPEG", quality=90, progressive=True),
        "mpo": lambda: encoded(PORTRAIT, "MPO", quality=90, **frames()),
        "png": lambda: encoded(PORTRAIT, "PNG"),
        "apng": lambda: encoded(PORTRAIT, "PNG", **frames()),
        "webp": lambda: encoded(PORTRAIT, "WEBP", quality=90),
        "lossless webp": lambda: encoded(PORTRAIT, "WEBP", lossless=True),
        "animated webp": lambda: encoded(PORTRAIT, "WEBP", quality=90, **frames()),
        "bmp": lambda: encoded(PORTRAIT, "BMP"),
        "tiff": lambda: encoded(PORTRAIT, "TIFF"),
        "tiff in lzw": lambda: encoded(PORTRAIT, "TIFF", compression="tiff_lzw"),
        "tiff in jpeg": lambda: encoded(PORTRAIT, "TIFF", compression="jpeg"),
        "bigtiff": lambda: encoded(PORTRAIT, "TIFF", big_tiff=True),
        "tiff of two pages": lambda: encoded(PORTRAIT, "TIFF", **frames()),
        "gif": lambda: encoded(PORTRAIT, "GIF"),
        "animated gif": lambda: encoded(PORTRAIT, "GIF", **frames()),
        "avif": lambda: encoded(PORTRAIT, "AVIF", quality=90),
        "avif sequence": lambda: encoded(PORTRAIT, "AVIF", quality=90, **frames()),
        "avif called mif1": lambda: encoded(PORTRAIT, "AVIF").replace(b"ftypavif", b"ftypmif1", 1),
        "heic": lambda: HEIC,
        "rotated heic": lambda: HEIC_ROTATED,
        "heic called mif1": lambda: HEIC.replace(b"ftypheic", b"ftypmif1", 1),
    }
)


def png_chunk(name: bytes, content: bytes) -> bytes:
    """Return a PNG chunk with its checksum."""
    check = struct.pack(">L", zlib.crc32(name + content))
    return struct.pack(">L", len(content)) + name + content + check


def with_exif(photo: Image.Image, exif: Image.Exif) -> Image.Image:
    """Return a copy of a photo with EXIF data."""
    copy = photo.copy()
    copy.info["exif"] = exif.tobytes()
    return copy
