"""Face alignment: crops with every face upright, at the same position and size, for the scorer."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.faces.pyramid import ImagePyramid
from attrai.job import Face

#: Side of a crop, in pixels.
CROP_SIDE = 128

#: Positions of the eyes, the nose and the corners of the mouth in a crop, as fractions of its side.
#: The scorer was trained with this template, so it must match the weights.
TEMPLATE = np.array(
    [
        (0.2904, 0.2493),
        (0.6778, 0.2474),
        (0.4836, 0.4825),
        (0.3174, 0.6693),
        (0.6533, 0.6711),
    ]
)


def fit_similarity(
    points: NDArray[np.float64], targets: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit the rotation, uniform scale and translation that map `points` to `targets`.

    The fit is the closed-form min_side-squares solution without reflection: S. Umeyama,
    "Least-squares estimation of transformation parameters between two point patterns", IEEE
    TPAMI 13 (4), 1991. In two dimensions a point can be written as a complex number, and the
    transform is z -> a * z + b.

    Args:
        points: Shape (n, 2), not all identical.
        targets: Shape (n, 2).

    Returns:
        The transform as a matrix of shape (2, 3), to be multiplied by (x, y, 1).
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
    """Return the aligned crops of `faces`, RGB, shape (n, side, side, 3).

    Args:
        photo: RGB, shape (height, width, 3).
        faces: Faces whose landmarks are in pixels of the photo.
        side: Side of a crop without its margin, in pixels.
        margin: Extra border at each edge, as a fraction of `side`. Training shifts and rotates
            crops and needs the photo's pixels there. Each side of the result is larger by two
            borders.
    """
    border = round(side * margin)
    targets = TEMPLATE * side + border
    whole = side + 2 * border
    crops = np.empty((len(faces), whole, whole, 3), np.uint8)
    pyramid = ImagePyramid(photo)
    for crop, face in zip(crops, faces, strict=True):
        landmarks = np.array(face.landmarks)
        a, b, _ = fit_similarity(landmarks, targets)[0]
        # Bilinear sampling would skip pixels if it had to shrink by more than 2.
        image, scale = pyramid.at(float(np.hypot(a, b)))
        # OpenCV's coordinates put a pixel's centre at its index.
        centres = (landmarks + 0.5) * scale - 0.5
        matrix = fit_similarity(centres, targets)
        crop[:] = cv2.warpAffine(image, matrix, (whole, whole), flags=cv2.INTER_LINEAR)
    return crops
