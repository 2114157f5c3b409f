"""Geometry of boxes, and drawing of rounded boxes with antialiasing at subpixel positions.

The coverage of a pixel follows from the distance of its centre to the edge. This needs no
supersampling, and only the pixels near the shape are computed.
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
    """Return the part of `box` inside `area`, or the nearest pixel of `area` if there is none.

    The result is at least one pixel wide and high, unless the area itself is narrower.
    """
    x1, x2 = _clip_span(box.x1, box.x2, area.x1, area.x2)
    y1, y2 = _clip_span(box.y1, box.y2, area.y1, area.y2)
    return Box(x1, y1, x2, y2)


def grow(box: Box, margin: float) -> Box:
    """Return `box` extended by `margin` pixels on each side; a negative margin shrinks it."""
    return Box(box.x1 - margin, box.y1 - margin, box.x2 + margin, box.y2 + margin)


def whole(size: Size) -> Box:
    """Return the box that covers a picture of this size."""
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
    """Fill `box`; its edge fades over `softness` pixels, half of them outside the box."""
    paint = _Paint(colour, opacity, lambda distance: 0.5 - distance / softness)
    _paint_patch(canvas, grow(box, softness / 2), paint, box, radius)


def stroke(
    canvas: Image.Image,
    box: Box,
    colour: Colour | int,
    *,
    width: float,
    radius: float = 0,
    opacity: float = 1,
) -> None:
    """Draw a line `width` pixels wide along the edge of `box`, half of it outside."""
    paint = _Paint(colour, opacity, lambda distance: (width + 1) / 2 - np.abs(distance))
    outer = grow(box, width / 2 + 1)
    depth = radius + width + 2
    if 2 * depth >= min(outer.width, outer.height):
        bands = [outer]
    else:  # skip the pixels inside a large box, which the line doesn't reach
        x1, y1, x2, y2 = (round(outer.x1), round(outer.y1), round(outer.x2), round(outer.y2))
        depth = math.ceil(depth)
        bands = [
            Box(x1, y1, x2, y1 + depth),
            Box(x1, y2 - depth, x2, y2),
            Box(x1, y1 + depth, x1 + depth, y2 - depth),
            Box(x2 - depth, y1 + depth, x2, y2 - depth),
        ]
    for band in bands:
        _paint_patch(canvas, band, paint, box, radius)


def mask(size: tuple[int, int], radius: float) -> Image.Image:
    """Return a greyscale mask of this size for pasting a picture with rounded corners."""
    shape = Image.new("L", size)
    fill(shape, Box(0, 0, *size), 255, radius=radius)
    return shape


@dataclass(frozen=True)
class _Paint:
    """A colour, and its coverage of a pixel as a function of the pixel's distance from the edge."""

    colour: Colour | int
    opacity: float
    coverage: Callable[[Floats], Floats]


def _paint_patch(canvas: Image.Image, patch: Box, paint: _Paint, box: Box, radius: float) -> None:
    """Paint the pixels of `patch` that belong to the rounded `box`."""
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
    """Return the signed distance of each pixel to the edge of the rounded box, negative inside."""
    radius = min(radius, box.width / 2, box.height / 2)
    across = np.abs(xs - (box.x1 + box.x2) / 2) - (box.width / 2 - radius)
    down = np.abs(ys - (box.y1 + box.y2) / 2) - (box.height / 2 - radius)
    outside = np.hypot(np.maximum(across, 0)[None, :], np.maximum(down, 0)[:, None])
    inside = np.minimum(np.maximum(across[None, :], down[:, None]), 0)
    distance: Floats = outside + inside - np.float32(radius)
    return distance
