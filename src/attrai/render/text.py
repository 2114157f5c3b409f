"""Text measured and drawn on its baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import ImageDraw

from attrai.render.fonts import Weight, font

if TYPE_CHECKING:
    from PIL.Image import Image

    from attrai.contract import Score
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
