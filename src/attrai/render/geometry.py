"""Boxes cut to a picture and grown."""

from __future__ import annotations

from attrai.contract import Box

#: Width and height in pixels.
Size = tuple[float, float]


def clip(box: Box, area: Box) -> Box:
    """The part of `box` in `area`; at least a pixel at the nearest place if there is none.

    An area narrower than a pixel is returned as wide as it is.
    """
    x1, x2 = _clip_span(box.x1, box.x2, area.x1, area.x2)
    y1, y2 = _clip_span(box.y1, box.y2, area.y1, area.y2)
    return Box(x1, y1, x2, y2)


def grow(box: Box, margin: float) -> Box:
    """`box` with `margin` pixels more on each side; fewer if it is negative."""
    return Box(box.x1 - margin, box.y1 - margin, box.x2 + margin, box.y2 + margin)


def whole(size: Size) -> Box:
    """The box of a picture of this size."""
    return Box(0, 0, *size)


def _clip_span(start: float, end: float, low: float, high: float) -> tuple[float, float]:
    least = min(1.0, high - low)
    start = min(max(start, low), high - least)
    return start, min(max(end, start + least), high)
