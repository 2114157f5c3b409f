"""Smaller versions of a photo: an image pyramid for crops, and a mosaic of levels for P-Net."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike

from attrai.inference import Images

#: Ratio of each level's size to the one before; it about halves the area.
_LEVEL_FACTOR = 0.709
#: The sides of a mosaic are multiples of this, in pixels. An engine spends as much time on a size
#: that it sees for the first time as on the mosaic itself.
_MOSAIC_STEP = 8


class ImagePyramid:
    """A photo at full size, half size, quarter size and so on.

    To cut out a part, draw it at twice the wanted size, which samples bilinearly from an image at
    most twice as large again, and then `halve` it. The result is as smooth as an average over the
    area and several times faster to compute, for large faces as well as small ones.
    """

    def __init__(self, photo: Images) -> None:
        """Start with `photo`, shape (height, width, 3); smaller images are made on demand."""
        self.photo = photo
        self._images: list[MatLike] = [photo]

    def draw(self, window: tuple[float, float, float, float], into: MatLike) -> None:
        """Resize a part of the photo into `into`.

        Args:
            window: Left, top, right and bottom of the part, in pixels of the photo.
            into: The array to fill; its shape gives the size.
        """
        x1, y1, x2, y2 = window
        height, width = into.shape[:2]
        image, scale = self.at(max(height / (y2 - y1), width / (x2 - x1)))
        left, top, right, bottom = (round(scale * edge) for edge in window)
        part = image[top:bottom, left:right]
        cv2.resize(part, (width, height), dst=into, interpolation=cv2.INTER_LINEAR)

    def at(self, scale: float) -> tuple[MatLike, float]:
        """Return the smallest image that is at least `scale` times the photo, and its scale."""
        octave = 0
        while scale <= 0.5 ** (octave + 1) and self._can_halve(octave):
            octave += 1
        return self._images[octave], 0.5**octave

    def _can_halve(self, octave: int) -> bool:
        if octave + 1 == len(self._images):
            last = self._images[-1]
            height, width = (side // 2 * 2 for side in last.shape[:2])
            if not min(height, width):
                return False
            self._images.append(halve(last[:height, :width]))
        return True


class Level(NamedTuple):
    """Position and size of the photo at one scale on the mosaic, in pixels."""

    x: int
    y: int
    width: int
    height: int


def pyramid_levels(width: int, height: int, scale: float, min_side: int) -> list[Level]:
    """Lay out the levels of a photo on a mosaic, from `scale` down to a shorter side of `min_side`.

    All positions and sizes are even: P-Net has a stride of 2, so its output for a level is then
    the same on the mosaic as for the level alone.

    Args:
        width: Width of the photo, in pixels.
        height: Height of the photo, in pixels.
        scale: Scale of the largest level.
        min_side: Smallest shorter side of a level, in pixels.
    """
    sizes = list(_sizes(width, height, scale, min_side))
    levels: list[Level] = []
    # Free rectangles: x, y, width, height. The mosaic is as wide as the first level and ends at
    # the bottom of the lowest level.
    free = [(0, 0, sizes[0][0], sum(h for _, h in sizes))] if sizes else []
    for w, h in sizes:
        place = next(i for i, space in enumerate(free) if w <= space[2] and h <= space[3])
        x, y, space_width, space_height = free.pop(place)
        levels.append(Level(x, y, w, h))
        # The rectangle below comes last so that gaps beside levels are filled first.
        right = (x + w, y, space_width - w, h)
        free[place:place] = [right, (x, y + h, space_width, space_height - h)]
    return levels


def _sizes(width: int, height: int, scale: float, min_side: int) -> Iterator[tuple[int, int]]:
    while min(width, height) * scale >= min_side:
        # Rounded up, so that a face that fills the photo still fits the receptive field.
        yield 2 * (int(width * scale) // 2 + 1), 2 * (int(height * scale) // 2 + 1)
        scale *= _LEVEL_FACTOR


def draw_mosaic(pyramid: ImagePyramid, levels: list[Level]) -> Images:
    """Draw all levels of the photo side by side on one image, RGB."""
    width, height = (
        -(-max(edges) // _MOSAIC_STEP) * _MOSAIC_STEP
        for edges in (
            [level.x + level.width for level in levels],
            [level.y + level.height for level in levels],
        )
    )
    mosaic = np.zeros((2 * height, 2 * width, 3), np.uint8)
    window = (0, 0, pyramid.photo.shape[1], pyramid.photo.shape[0])
    for x, y, w, h in levels:
        pyramid.draw(window, mosaic[2 * y : 2 * (y + h), 2 * x : 2 * (x + w)])
    return halve(mosaic)


def halve(image: MatLike) -> Images:
    """Return the image at half its size. Its sides must be even."""
    size = (image.shape[1] // 2, image.shape[0] // 2)
    # OpenCV averages many times faster when it shrinks by exactly 2.
    smaller: Images = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]  # OpenCV's stubs have no dtypes
    return smaller
