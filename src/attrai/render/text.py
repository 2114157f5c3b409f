"""Text in renderings: the bundled font Inter, sizes that suit face and picture, and drawing.

Inter comes in two weights, with Latin and Cyrillic letters. All sizes are in pixels. A picture
is shown as wide as the screen however many pixels it has, so the smallest legible text size is a
share of the picture's longer side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import ImageDraw, ImageFont

from attrai.render.shapes import clip, whole

Weight = Literal["Regular", "SemiBold"]

_PACKAGE = Path(__file__).resolve().parents[1]
_SIZES_PER_PIXEL = 2


def font_file(weight: Weight) -> Path:
    """Return the path of the font file for this weight of Inter.

    A wheel contains the fonts as `attrai/fonts`; a checkout keeps them in the repository's `fonts`,
    beside `src`.

    Raises:
        FileNotFoundError: the file is in neither place, so the installation is broken.
    """
    name = f"Inter-{weight}.otf"
    places = (_PACKAGE / "fonts", _PACKAGE.parents[1] / "fonts")
    for place in places:
        if (place / name).is_file():
            return place / name
    raise FileNotFoundError(f"no {name} in {' or '.join(map(str, places))}")


def font(weight: Weight, size: float) -> ImageFont.FreeTypeFont:
    """Return Inter at `size` pixels per em, rounded to half a pixel and at least 1."""
    return _load(weight, max(_SIZES_PER_PIXEL, round(size * _SIZES_PER_PIXEL)))


@lru_cache(maxsize=128)
def _load(weight: Weight, steps: int) -> ImageFont.FreeTypeFont:
    # Basic layout, because libraqm is missing from some builds of Pillow and spaces text
    # differently. Numbers need none of its features.
    return ImageFont.truetype(
        font_file(weight), steps / _SIZES_PER_PIXEL, layout_engine=ImageFont.Layout.BASIC
    )


if TYPE_CHECKING:
    from attrai.job import Box
    from attrai.render.shapes import Size

#: Smallest text size in pixels per em, except on pictures too small for it.
_LEGIBLE = 11.0


def min_text_size(picture: Size) -> float:
    """Return the smallest legible text size for a picture, in pixels per em."""
    return min(max(_LEGIBLE, max(picture) / 80), _fitting(picture))


def text_size(face: Box, picture: Size, share: float, most: float) -> float:
    """Return the text size for a face in pixels per em: `share` of the size of the face.

    The result is at least legible and at most the share `most` of the picture's longer side. A
    score always fits into the picture, even when that makes it smaller.
    """
    size = min(share * face_size(face, picture), most * max(picture))
    return min(max(size, min_text_size(picture)), _fitting(picture))


def line_width(face: Box, picture: Size) -> float:
    """Return the width in pixels of the line around a face."""
    return min(max(face_size(face, picture) / 60, 1.5, max(picture) / 640), max(picture) / 240 + 1)


def face_size(face: Box, picture: Size) -> float:
    """Return the side in pixels of a square with the same area as the visible part of the face."""
    seen = clip(face, whole(picture))
    return math.sqrt(seen.width * seen.height)


def _fitting(picture: Size) -> float:
    # The widest label, 10.0 on a tag, is 2.95 ems wide; up to an eighth of the picture is margin.
    return min(picture) / 3.5


if TYPE_CHECKING:
    from PIL.Image import Image

    from attrai.job import Score
    from attrai.render.palette import Colour

#: Height of digits and capitals in ems, from the font's own tables.
CAP_HEIGHT = 0.727


@dataclass(frozen=True)
class Style:
    """Weight, size in pixels per em, and colour of text."""

    weight: Weight
    size: float
    colour: Colour

    @property
    def cap_height(self) -> float:
        """Height of digits in pixels."""
        return CAP_HEIGHT * self.size

    def width(self, text: str) -> float:
        """Return the width of `text` in pixels."""
        return font(self.weight, self.size).getlength(text)


def score_text(score: Score) -> str:
    """Return the score as shown to users, with one decimal."""
    return f"{score.value:.1f}"


def spread_text(score: Score) -> str:
    """Return the spread as shown to users, with one decimal and a plus-minus sign."""
    return f"±{score.spread:.1f}"


def draw_text(canvas: Image, x: float, baseline: float, text: str, style: Style) -> None:
    """Draw `text` on `baseline`, starting at `x`."""
    ImageDraw.Draw(canvas).text(
        (x, baseline), text, fill=style.colour, font=font(style.weight, style.size), anchor="ls"
    )


def tabular_width(text: str, style: Style) -> float:
    """Return the width in pixels of `text` as drawn by `draw_tabular`."""
    digit = style.width("0")
    return sum(digit if char.isdigit() else style.width(char) for char in text)


def draw_tabular(canvas: Image, right: float, baseline: float, text: str, style: Style) -> None:
    """Draw `text` on `baseline`, ending at `right`, with digits of equal width to align columns.

    Inter has tabular digits, but Pillow can use them only through libraqm.
    """
    digit = style.width("0")
    x = right - tabular_width(text, style)
    for char in text:
        cell = digit if char.isdigit() else style.width(char)
        draw_text(canvas, x + (cell - style.width(char)) / 2, baseline, char, style)
        x += cell
