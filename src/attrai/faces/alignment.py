"""Aligned crops: every face upright, at the same place and size, as the scorer wants it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.faces.pyramid import ImagePyramid
from attrai.job import Face

#: Side of a crop in pixels.
CROP_SIDE = 128

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


def aligned_crops(
    photo: NDArray[np.uint8], faces: Sequence[Face], side: int, margin: float = 0.0
) -> NDArray[np.uint8]:
    """The faces' crops, shape (n, side, side, 3), RGB.

    Args:
        photo: RGB, shape (height, width, 3).
        faces: with landmarks in pixels of the photo.
        side: of a crop, in pixels.
        margin: how much more is cut out at each edge, in sides, so that training can shift and
            turn the crop and still see the photo there; the sides grow by it.
    """
    border = round(side * margin)
    targets = TEMPLATE * side + border
    whole = side + 2 * border
    crops = np.empty((len(faces), whole, whole, 3), np.uint8)
    pyramid = ImagePyramid(photo)
    for crop, face in zip(crops, faces, strict=True):
        landmarks = np.array(face.landmarks)
        a, b, _ = similarity(landmarks, targets)[0]
        # From more than twice the size bilinear sampling would skip pixels.
        image, scale = pyramid.at(float(np.hypot(a, b)))
        # A pixel's centre is at its number.
        centres = (landmarks + 0.5) * scale - 0.5
        matrix = similarity(centres, targets)
        crop[:] = cv2.warpAffine(image, matrix, (whole, whole), flags=cv2.INTER_LINEAR)
    return crops
