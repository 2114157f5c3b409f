"""A gauge: the scale from 1 to 10 as a slim bar with a score marked on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrai.job import Box
from attrai.render import palette, shapes

if TYPE_CHECKING:
    from PIL.Image import Image

    from attrai.job import Score

_LOWEST, _HIGHEST = 1.0, 10.0
#: Diameter of the dot that marks the mean, as a multiple of the bar's height.
DOT = 2.4


def draw_gauge(canvas: Image, bar: Box, score: Score, *, show_spread: bool) -> None:
    """Draw the scale onto `bar`, with a dot at the mean and, if asked, a band for the spread."""
    round_ends = bar.height / 2
    shapes.fill(canvas, bar, palette.TRACK, radius=round_ends)
    if show_spread:
        low, high = (
            min(max(score.value + sign * score.spread, _LOWEST), _HIGHEST) for sign in (-1, 1)
        )
        spread = Box(_place(bar, low), bar.y1, _place(bar, high), bar.y2)
        shapes.fill(canvas, spread, palette.ACCENT_DIM, radius=round_ends)
    x, y, reach = _place(bar, score.value), (bar.y1 + bar.y2) / 2, DOT * bar.height / 2
    ring = reach + bar.height / 2  # a dark ring, so that the dot stands out from the bar
    shapes.fill(canvas, Box(x - ring, y - ring, x + ring, y + ring), palette.INK, radius=ring)
    dot = Box(x - reach, y - reach, x + reach, y + reach)
    shapes.fill(canvas, dot, palette.ACCENT, radius=reach)


def _place(bar: Box, value: float) -> float:
    return bar.x1 + bar.width * (value - _LOWEST) / (_HIGHEST - _LOWEST)
