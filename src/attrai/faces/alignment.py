"""Aligned crops: every face upright, at the same place and size, as the scorer wants it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from attrai.contract import Face

#: Side of a crop in pixels.
CROP_SIDE = 150

#: Where a crop has the eyes, the nose and the corners of the mouth, in sides of the crop.
#: The scorer was trained with this template; it goes with the weights.
TEMPLATE = np.array(
    [
        (0.2904, 0.2493),
        (0.6778, 0.2474),
        (0.4836, 0.4825),
        (0.3174, 0.6693),
        (0.6533, 0.6711),
    ]
)

#: Below this scale bilinear sampling skips pixels.
_LEAST_BILINEAR = 0.5


def similarity(points: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation, scale and shift that takes `points` nearest to `targets`.

    Least squares without reflection, in closed form: S. Umeyama, "Least-squares estimation
    of transformation parameters between two point patterns", IEEE TPAMI 13 (4), 1991. In two
    dimensions a point is a complex number and the transform is z -> a * z + b.

    Args:
        points: shape (n, 2), not all the same.
        targets: shape (n, 2).

    Returns:
        Shape (2, 3), the matrix that acts on (x, y, 1).
    """
    source = points[:, 0] + 1j * points[:, 1]
    target = targets[:, 0] + 1j * targets[:, 1]
    centred = source - source.mean()
    spread = np.vdot(centred, centred).real
    a = np.vdot(centred, target) / max(spread, np.finfo(float).tiny)
    b = target.mean() - a * source.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def aligned_crops(photo: NDArray[np.uint8], faces: Sequence[Face]) -> NDArray[np.uint8]:
    """The faces' crops, shape (n, CROP_SIDE, CROP_SIDE, 3), RGB.

    Args:
        photo: RGB, shape (height, width, 3).
        faces: with landmarks in pixels of the photo.
    """
    crops = np.empty((len(faces), CROP_SIDE, CROP_SIDE, 3), np.uint8)
    for crop, face in zip(crops, faces, strict=True):
        crop[:] = _aligned_crop(photo, np.array(face.landmarks))
    return crops


def _aligned_crop(photo: MatLike, landmarks: NDArray[np.float64]) -> MatLike:
    matrix = similarity(landmarks, TEMPLATE * CROP_SIDE)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < _LEAST_BILINEAR:
        height, width = photo.shape[:2]
        smaller = (max(1, round(width * scale)), max(1, round(height * scale)))
        photo = cv2.resize(photo, smaller, interpolation=cv2.INTER_AREA)
        landmarks = landmarks * (smaller[0] / width, smaller[1] / height)
        matrix = similarity(landmarks, TEMPLATE * CROP_SIDE)
    return cv2.warpAffine(photo, matrix, (CROP_SIDE, CROP_SIDE), flags=cv2.INTER_LINEAR)
