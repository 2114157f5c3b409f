"""From what a network says of ratings to their mean and spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attrai.inference import FloatArray

Floats = NDArray[np.float64]


def moments(logits: FloatArray | Floats) -> tuple[Floats, Floats]:
    """Return the mean and standard deviation of each predicted rating distribution.

    Args:
        logits: Of the ratings from 1 to n, shape (faces, n).
    """
    return moments_of(np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64)))


def moments_of(odds: FloatArray | Floats) -> tuple[Floats, Floats]:
    """Return the mean and standard deviation of each rating distribution.

    Args:
        odds: Of the ratings from 1 to n, or anything proportional to them, shape (faces, n).
    """
    ratings = np.arange(1, odds.shape[1] + 1)
    distribution = odds / odds.sum(axis=1, keepdims=True, dtype=np.float64)
    mean = distribution @ ratings
    variance = (distribution * (ratings - mean[:, None]) ** 2).sum(axis=1)
    # Rounding errors can push the mean slightly out of its range.
    return mean.clip(ratings[0], ratings[-1]), np.sqrt(variance)
