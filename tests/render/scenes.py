"""Photos with faces to render: copies of the astronaut on plain backgrounds."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from attrai.job import Box, Face, Point, Score, ScoredFace
from attrai.render import load_renderer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ASTRONAUT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
#: Box of the face on it, as found by MTCNN.
FACE = Box(181, 62, 268, 172)
#: The part of the photo that is pasted into scenes.
HEAD = Box(110, 10, 340, 240)

LIGHT, DARK, GREEN = (238, 236, 230), (24, 26, 34), (96, 120, 100)


@dataclass(frozen=True)
class Scene:
    """A photo and the scored faces on it."""

    photo: Image.Image
    faces: tuple[ScoredFace, ...]


def scored(box: Box, value: float = 7.3, spread: float = 1.4) -> ScoredFace:
    """A face with this box and score; renderers ignore its landmarks."""
    corner = Point(box.x1, box.y1)
    face = Face(box=box, landmarks=(corner,) * 5, probability=0.99)
    return ScoredFace(face=face, score=Score(value=value, spread=spread))


def minor(face: ScoredFace) -> ScoredFace:
    """The face as one that looks like a minor's."""
    return face.model_copy(update={"score": None})


def with_minors(scene: Scene, *indices: int) -> Scene:
    """The scene with the faces at `indices` looking like minors'."""
    faces = [minor(face) if index in indices else face for index, face in enumerate(scene.faces)]
    return Scene(scene.photo, tuple(faces))


@functools.cache
def astronaut() -> Image.Image:
    with Image.open(ASTRONAUT) as photo:
        return photo.convert("RGB")


def cut(region: Box, size: tuple[int, int]) -> Scene:
    """A part of the astronaut, resized to `size`."""
    across, down = size[0] / region.width, size[1] / region.height
    face = Box(
        (FACE.x1 - region.x1) * across,
        (FACE.y1 - region.y1) * down,
        (FACE.x2 - region.x1) * across,
        (FACE.y2 - region.y1) * down,
    )
    photo = astronaut().resize(size, Image.Resampling.LANCZOS, region)
    return Scene(photo, (scored(face),))


def crowd(
    size: tuple[int, int], ground: tuple[int, int, int], heads: Sequence[tuple[int, int, int]]
) -> Scene:
    """A scene with heads, given as left, top and side, every other one mirrored.

    Their scores range from 1.0 to 10.0.
    """
    photo = Image.new("RGB", size, ground)
    faces = []
    for index, (x, y, side) in enumerate(heads):
        head = cut(HEAD, (side, side))
        box, picture = head.faces[0].face.box, head.photo
        if index % 2:
            picture = ImageOps.mirror(picture)
            box = Box(side - box.x2, box.y1, side - box.x1, box.y2)
        photo.paste(picture, (x, y))
        value = 10 - 9 * (index * 7 % len(heads)) / max(1, len(heads) - 1)
        spread = 1.1 + 0.1 * (index % 8)
        faces.append(scored(Box(box.x1 + x, box.y1 + y, box.x2 + x, box.y2 + y), value, spread))
    return Scene(photo, tuple(faces))


def rows(columns: int, lines: int, cell: tuple[int, int]) -> list[tuple[int, int, int]]:
    """Positions of heads in a grid, one in the middle of each cell, as left, top and side."""
    width, height = cell
    side = min(cell) * 9 // 10
    return [
        (column * width + (width - side) // 2, line * height + (height - side) // 2, side)
        for line in range(lines)
        for column in range(columns)
    ]


def edges() -> Scene:
    """A scene with faces that each edge and two corners of the photo cut off."""
    heads = [(-52, -40, 130), (165, -50, 140), (402, -36, 110)]
    heads += [(-70, 120, 150), (392, 118, 150), (170, 225, 140)]
    return crowd((480, 320), LIGHT, heads)


SCENES: dict[str, Callable[[], Scene]] = {
    "one": lambda: cut(Box(0, 0, 512, 512), (360, 360)),
    "fills": lambda: cut(FACE, (240, 300)),
    "three": lambda: crowd((480, 300), LIGHT, [(20, 120, 120), (150, 20, 220), (390, 60, 80)]),
    "eight": lambda: crowd((480, 260), DARK, rows(4, 2, (120, 130))),
    "twenty": lambda: crowd((480, 360), GREEN, rows(5, 4, (96, 90))),
    "tiny": lambda: crowd((480, 200), DARK, [*rows(6, 3, (80, 66))[:17], (440, 150, 50)]),
    "edges": edges,
    "minor": lambda: with_minors(SCENES["three"](), 1),
    "minors": lambda: with_minors(SCENES["three"](), 0, 1, 2),
}

#: The reviewed pictures, as renderer and scene.
REVIEWED = (
    ("boxes", "three"),
    ("boxes", "tiny"),
    ("boxes", "edges"),
    ("ranking", "one"),
    ("ranking", "eight"),
    ("ranking", "twenty"),
    ("spotlight", "one"),
    ("spotlight", "fills"),
    ("spotlight", "three"),
    ("boxes", "minor"),
    ("ranking", "minor"),
    ("ranking", "minors"),
    ("spotlight", "minor"),
    ("spotlight", "minors"),
)
REFERENCES = Path(__file__).with_name("references")


def reference(renderer: str, scene: str) -> Path:
    """Path of the reviewed picture."""
    return REFERENCES / f"{renderer}-{scene}.webp"


def rendered(renderer: str, scene: str) -> Image.Image:
    """The picture as the current code draws it."""
    made = SCENES[scene]()
    return load_renderer(renderer).render(made.photo, made.faces)
