"""Augmentation: crops as other cameras, phones and messengers might have produced them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.inference import Images

#: The largest rotation in degrees, change of scale as a fraction, and shift in crop sides.
_TURN, _SCALE, _SHIFT = 8.0, 0.08, 0.04
#: The largest relative changes of brightness, contrast and saturation.
_LIGHT, _CONTRAST, _COLOUR = 0.2, 0.2, 0.3
#: The probability that a crop is mirrored, made grey, blurred, or saved as a poor JPEG.
_MIRRORED, _GREY, _BLURRED, _JPEG = 0.5, 0.05, 0.15, 0.15
_JPEG_QUALITY = (30, 90)
#: A blurred crop is shrunk to between these shares of its side, then enlarged again.
_BLUR = (0.35, 0.9)


def augmented(image: Images, side: int, margin: float, rng: np.random.Generator) -> Images:
    """Return a randomly changed view of a face, shape (side, side, 3).

    Args:
        image: the crop with its surroundings, RGB, shape (n, n, 3).
        side: the side of the view, in pixels.
        margin: the width of the surroundings on each side, in sides of the crop.
        rng: the source of randomness.
    """
    view = _moved(image, side, margin, rng)
    if rng.random() < _BLURRED:
        low = max(8, int(side * rng.uniform(*_BLUR)))
        small = cv2.resize(view, (low, low), interpolation=cv2.INTER_AREA)
        view = _pixels(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR))
    view = _lit(view, rng)
    if rng.random() < _JPEG:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*_JPEG_QUALITY))]
        view = _pixels(cv2.imdecode(cv2.imencode(".jpg", view, quality)[1], cv2.IMREAD_COLOR))
    return view


def plain(image: Images, side: int, margin: float) -> Images:
    """Return the crop without its surroundings, as the scorer gets it, shape (side, side, 3)."""
    core = round(image.shape[0] / (1 + 2 * margin))
    border = (image.shape[0] - core) // 2
    return shrunk(image[border : border + core, border : border + core], side)


def shrunk(image: Images, side: int) -> Images:
    """Return an image at `side` x `side` pixels, which is not larger."""
    if image.shape[0] == side:
        return image
    return _pixels(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))


def _moved(image: Images, side: int, margin: float, rng: np.random.Generator) -> Images:
    size, core = image.shape[0], image.shape[0] / (1 + 2 * margin)
    zoom = side / core * (1 + rng.uniform(-_SCALE, _SCALE))
    centre = ((size - 1) / 2, (size - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, rng.uniform(-_TURN, _TURN), zoom)
    matrix[:, 2] += (side - size) / 2 + rng.uniform(-_SHIFT, _SHIFT, 2) * side
    if rng.random() < _MIRRORED:
        matrix = np.array([[-1, 0, side - 1], [0, 1, 0]]) @ np.vstack([matrix, (0, 0, 1)])
    return _pixels(cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR))


def _lit(view: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    x = view.astype(np.float32)
    grey = x @ np.array([0.299, 0.587, 0.114], np.float32)
    colour = 0 if rng.random() < _GREY else 1 + rng.uniform(-_COLOUR, _COLOUR)
    x = grey[..., None] + (x - grey[..., None]) * np.float32(colour)
    mean = grey.mean()
    x = (x - mean) * np.float32(1 + rng.uniform(-_CONTRAST, _CONTRAST)) + mean
    x *= np.float32(1 + rng.uniform(-_LIGHT, _LIGHT))
    return _pixels(x.clip(0, 255))


def _pixels(values: Any) -> Images:
    return np.asarray(values, np.uint8)
