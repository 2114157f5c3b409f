"""Boxes cut to a picture and grown.

Rounded boxes, antialiased at subpixel places.

Coverage comes from the distance of each pixel's centre to the edge, so it needs no
supersampling, and only the pixels near the shape are touched.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from attrai.job import Box

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


if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from attrai.render.palette import Colour

    Floats = npt.NDArray[np.floating]


def fill(
    canvas: Image.Image,
    box: Box,
    colour: Colour | int,
    *,
    radius: float = 0,
    opacity: float = 1,
    softness: float = 1,
) -> None:
    """Fills `box`; its edge fades over `softness` pixels, half of them outside the box."""
    paint = _Paint(colour, opacity, lambda distance: 0.5 - distance / softness)
    _lay(canvas, grow(box, softness / 2), paint, box, radius)


def stroke(
    canvas: Image.Image,
    box: Box,
    colour: Colour | int,
    *,
    width: float,
    radius: float = 0,
    opacity: float = 1,
) -> None:
    """Draws a line `width` pixels wide along the edge of `box`, half of it outside."""
    paint = _Paint(colour, opacity, lambda distance: (width + 1) / 2 - np.abs(distance))
    outer = grow(box, width / 2 + 1)
    depth = radius + width + 2
    if 2 * depth >= min(outer.width, outer.height):
        bands = [outer]
    else:  # the inside of a large box is left alone
        x1, y1, x2, y2 = (round(outer.x1), round(outer.y1), round(outer.x2), round(outer.y2))
        depth = math.ceil(depth)
        bands = [
            Box(x1, y1, x2, y1 + depth),
            Box(x1, y2 - depth, x2, y2),
            Box(x1, y1 + depth, x1 + depth, y2 - depth),
            Box(x2 - depth, y1 + depth, x2, y2 - depth),
        ]
    for band in bands:
        _lay(canvas, band, paint, box, radius)


def mask(size: tuple[int, int], radius: float) -> Image.Image:
    """What to paste a picture of this size with to give it round corners."""
    shape = Image.new("L", size)
    fill(shape, Box(0, 0, *size), 255, radius=radius)
    return shape


@dataclass(frozen=True)
class _Paint:
    """A colour and how much of it a pixel gets at its distance from the edge."""

    colour: Colour | int
    opacity: float
    coverage: Callable[[Floats], Floats]


def _lay(canvas: Image.Image, patch: Box, paint: _Paint, box: Box, radius: float) -> None:
    """Lays the rounded box in `paint` onto the pixels of `patch`."""
    left, top = max(0, math.floor(patch.x1)), max(0, math.floor(patch.y1))
    right = min(canvas.width, math.ceil(patch.x2))
    bottom = min(canvas.height, math.ceil(patch.y2))
    if left >= right or top >= bottom:
        return
    xs = np.arange(left, right, dtype=np.float32) + np.float32(0.5)
    ys = np.arange(top, bottom, dtype=np.float32) + np.float32(0.5)
    coverage = np.clip(paint.coverage(_distance(xs, ys, box, radius)), 0, 1)
    alpha = coverage * (255 * paint.opacity)
    canvas.paste(paint.colour, (left, top), Image.fromarray(np.rint(alpha).astype(np.uint8)))


def _distance(xs: Floats, ys: Floats, box: Box, radius: float) -> Floats:
    """Signed distance of each pixel to the edge of the rounded box, negative inside."""
    radius = min(radius, box.width / 2, box.height / 2)
    across = np.abs(xs - (box.x1 + box.x2) / 2) - (box.width / 2 - radius)
    down = np.abs(ys - (box.y1 + box.y2) / 2) - (box.height / 2 - radius)
    outside = np.hypot(np.maximum(across, 0)[None, :], np.maximum(down, 0)[:, None])
    inside = np.minimum(np.maximum(across[None, :], down[:, None]), 0)
    distance: Floats = outside + inside - np.float32(radius)
    return distance
