"""Smaller versions of a photo: halves for crops of any size, levels for the first network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike

from attrai.inference import Images

#: Each level is this much smaller than the one before: the area pyramid.
_LEVEL_FACTOR = 0.709
#: The sides of a mosaic are multiples of this: a size that was not there before costs an engine
#: as much as a mosaic does.
_SHEET_STEP = 8


class ImagePyramid:
    """A photo, its half, its quarter and so on.

    Whatever is cut out is drawn at twice its size, by bilinear sampling of something at most
    twice as large again, and then halve: as smooth as an average over the area, and several
    times faster, for a large face as for a small one.
    """

    def __init__(self, photo: Images) -> None:
        """`photo` has shape (height, width, 3)."""
        self.photo = photo
        self._images: list[MatLike] = [photo]

    def draw(self, window: tuple[float, float, float, float], into: MatLike) -> None:
        """Fills `into` with what lies between left, top, right and bottom of `window`."""
        x1, y1, x2, y2 = window
        height, width = into.shape[:2]
        image, scale = self.at(max(height / (y2 - y1), width / (x2 - x1)))
        left, top, right, bottom = (round(scale * edge) for edge in window)
        part = image[top:bottom, left:right]
        cv2.resize(part, (width, height), dst=into, interpolation=cv2.INTER_LINEAR)

    def at(self, scale: float) -> tuple[MatLike, float]:
        """The smallest of the images that is no smaller than `scale`, and its own scale."""
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
    """The photo at one scale, and where it lies on the mosaic."""

    x: int
    y: int
    width: int
    height: int


def levels_of(width: int, height: int, scale: float, least: int) -> list[Level]:
    """The photo's sizes from `scale` down to a shorter side of `least`, laid out on a mosaic.

    All figures are even, so that what the first network, whose step is 2, answers for a level
    is the same on the mosaic as alone.
    """
    sizes = list(_sizes(width, height, scale, least))
    levels: list[Level] = []
    # Free spaces: x, y, width, height. The mosaic is as wide as the first level, and ends where
    # the last one does.
    free = [(0, 0, sizes[0][0], sum(h for _, h in sizes))] if sizes else []
    for w, h in sizes:
        place = next(i for i, space in enumerate(free) if w <= space[2] and h <= space[3])
        x, y, space_width, space_height = free.pop(place)
        levels.append(Level(x, y, w, h))
        # Below comes last, so that the gaps are filled first.
        right = (x + w, y, space_width - w, h)
        free[place:place] = [right, (x, y + h, space_width, space_height - h)]
    return levels


def _sizes(width: int, height: int, scale: float, least: int) -> Iterator[tuple[int, int]]:
    while min(width, height) * scale >= least:
        # Rounded up, so that the whole of a face that fills the photo is seen.
        yield 2 * (int(width * scale) // 2 + 1), 2 * (int(height * scale) // 2 + 1)
        scale *= _LEVEL_FACTOR


def mosaic_of(pyramid: ImagePyramid, levels: list[Level]) -> Images:
    """All levels side by side."""
    width, height = (
        -(-max(edges) // _SHEET_STEP) * _SHEET_STEP
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
    """The image at half its size; its sides are even numbers."""
    size = (image.shape[1] // 2, image.shape[0] // 2)
    # By exactly 2, averaging is many times faster than by any other factor.
    smaller: Images = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]  # OpenCV's types know no dtype
    return smaller
