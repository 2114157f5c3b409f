"""The fonts that travel with attrai: Inter, in two weights, with Latin and Cyrillic.

Text sizes and line widths that follow the face and suit the picture.

All in pixels. A picture is shown as wide as the screen, whatever its pixels, so what is
legible is a share of its longer side.

Text measured and drawn on its baseline.
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
    """Where Inter in this weight lies.

    A wheel carries the fonts as `attrai/fonts`; a checkout keeps them in the repository's
    `fonts`, beside `src`.

    Raises:
        FileNotFoundError: in neither place, so the installation is broken.
    """
    name = f"Inter-{weight}.otf"
    places = (_PACKAGE / "fonts", _PACKAGE.parents[1] / "fonts")
    for place in places:
        if (place / name).is_file():
            return place / name
    raise FileNotFoundError(f"no {name} in {' or '.join(map(str, places))}")


def font(weight: Weight, size: float) -> ImageFont.FreeTypeFont:
    """Inter in this weight at `size` pixels per em, rounded to half a pixel, at least 1."""
    return _load(weight, max(_SIZES_PER_PIXEL, round(size * _SIZES_PER_PIXEL)))


@lru_cache(maxsize=128)
def _load(weight: Weight, steps: int) -> ImageFont.FreeTypeFont:
    # Basic layout, because libraqm is missing from some builds of Pillow and spaces text
    # differently; numbers need none of what it adds.
    return ImageFont.truetype(
        font_file(weight), steps / _SIZES_PER_PIXEL, layout_engine=ImageFont.Layout.BASIC
    )


if TYPE_CHECKING:
    from attrai.job import Box
    from attrai.render.shapes import Size

#: No text is smaller than this, unless the picture itself is.
_LEGIBLE = 11.0


def legible(picture: Size) -> float:
    """The smallest text size for a picture."""
    return min(max(_LEGIBLE, max(picture) / 80), _fitting(picture))


def text_size(face: Box, picture: Size, share: float, most: float) -> float:
    """The size of a face's text: `share` of the face.

    At least legible, at most the share `most` of the picture's longer side, and always so that
    a number fits into the picture.
    """
    size = min(share * face_size(face, picture), most * max(picture))
    return min(max(size, legible(picture)), _fitting(picture))


def line_width(face: Box, picture: Size) -> float:
    """The width of the line around a face."""
    return min(max(face_size(face, picture) / 60, 1.5, max(picture) / 640), max(picture) / 240 + 1)


def face_size(face: Box, picture: Size) -> float:
    """The side of a square as large as the visible part of the face."""
    seen = clip(face, whole(picture))
    return math.sqrt(seen.width * seen.height)


def _fitting(picture: Size) -> float:
    # The widest label, a score and its spread in equal size, is 5.1 ems wide.
    return min(picture) / 5.2


if TYPE_CHECKING:
    from PIL.Image import Image

    from attrai.job import Score
    from attrai.render.palette import Colour

#: Height of digits and capitals in ems, from Inter's own table.
CAP_HEIGHT = 0.727


@dataclass(frozen=True)
class Style:
    """How text looks; `size` in pixels per em."""

    weight: Weight
    size: float
    colour: Colour

    @property
    def cap_height(self) -> float:
        """Height of its digits in pixels."""
        return CAP_HEIGHT * self.size

    def width(self, text: str) -> float:
        """Width of `text` in pixels."""
        return font(self.weight, self.size).getlength(text)


def score_text(score: Score) -> str:
    """The score as it is shown: with one decimal."""
    return f"{score.value:.1f}"


def spread_text(score: Score) -> str:
    """The spread as it is shown: with one decimal and its sign."""
    return f"±{score.spread:.1f}"


def draw_text(canvas: Image, x: float, baseline: float, text: str, style: Style) -> None:
    """Draws `text` from `x` rightwards, standing on `baseline`."""
    ImageDraw.Draw(canvas).text(
        (x, baseline), text, fill=style.colour, font=font(style.weight, style.size), anchor="ls"
    )


def figures_width(text: str, style: Style) -> float:
    """Width in pixels of `text` as `draw_figures` sets it."""
    digit = style.width("0")
    return sum(digit if char.isdigit() else style.width(char) for char in text)


def draw_figures(canvas: Image, right: float, baseline: float, text: str, style: Style) -> None:
    """Draws `text` up to `right` with all digits equally wide, so that columns align.

    Inter has tabular digits, but Pillow reaches them only through libraqm.
    """
    digit = style.width("0")
    x = right - figures_width(text, style)
    for char in text:
        cell = digit if char.isdigit() else style.width(char)
        draw_text(canvas, x + (cell - style.width(char)) / 2, baseline, char, style)
        x += cell
