"""The photos of `bench.stages`: montages of 1, 3 and 8 faces in two sizes."""

from __future__ import annotations

import csv
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps

_ROOT = Path(__file__).parents[1]
#: Not part of this repository, because its licence allows research only.
_MEBEAUTY = _ROOT.parent / "shared" / "data" / "mebeauty"
_EXAMPLE = _ROOT / "examples" / "astronaut.jpg"

_SIZES = (640, 480), (1280, 960)
#: Columns and rows by the number of faces.
_GRIDS = {1: (1, 1), 3: (3, 1), 8: (4, 2)}
#: Crop around the face of the example, with as much margin as other portraits have.
_EXAMPLE_FACE = (100, 0, 350, 280)


class Case(NamedTuple):
    """A kind of photo, with photos of this kind as JPEG."""

    name: str
    photos: list[bytes]


def cases(photos: int) -> list[Case]:
    """Return the six kinds, each with `photos` different photos."""
    faces = _faces()
    return [
        Case(
            f"{number} {'face' if number == 1 else 'faces'}, {size[0]}x{size[1]}",
            [_montage(faces, place * number, number, size) for place in range(photos)],
        )
        for size in _SIZES
        for number in _GRIDS
    ]


def _faces() -> list[Image.Image]:
    labels = _MEBEAUTY / "labels.csv"
    if not labels.exists():
        return [Image.open(_EXAMPLE).convert("RGB").crop(_EXAMPLE_FACE)]
    with labels.open(newline="") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["split"] == "val"]
    return [Image.open(_MEBEAUTY / name).convert("RGB") for name in names[:64]]


def _montage(faces: list[Image.Image], start: int, number: int, size: tuple[int, int]) -> bytes:
    columns, rows = _GRIDS[number]
    width, height = size[0] // columns, size[1] // rows
    mosaic = Image.new("RGB", size, (90, 110, 120))
    for place in range(number):
        tile = ImageOps.contain(faces[(start + place) % len(faces)], (width, height))
        left = place % columns * width + (width - tile.width) // 2
        mosaic.paste(tile, (left, place // columns * height + (height - tile.height) // 2))
    buffer = BytesIO()
    mosaic.save(buffer, "JPEG", quality=87)  # about what messengers use
    return buffer.getvalue()
