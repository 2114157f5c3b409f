"""Estimates with bootstrap confidence intervals.

B. Efron, R. Tibshirani: "An Introduction to the Bootstrap", 1993: the photos are resampled with
replacement, many times, and the estimate is computed on each sample. A sample is represented by how
often it contains each photo, so that all samples are computed at once as weighted estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Computes each estimate's values, one a sample, from how often each of n photos was drawn, shape
#: (samples, n). NaN where an estimate is undefined.
Statistics = Callable[[Floats], Mapping[str, Floats]]

DRAWS = 2000
_LEVELS = (2.5, 97.5)
#: A fixed seed, so that the same predictions give the same estimates.
_SEED = 0
#: The most numbers to hold at once.
_MOST = 2**21


class Estimate(NamedTuple):
    """An estimate and its 95 % interval; all NaN when there are too few photos to define it."""

    value: float
    low: float
    high: float


def estimates(statistics: Statistics, photos: int) -> dict[str, Estimate]:
    """Compute the estimates of `photos` photos, with their intervals."""
    estimates = statistics(np.ones((1, photos)))
    drawn = [statistics(counts) for counts in _draws(photos)]
    return {
        name: _estimate(float(estimate[0]), np.concatenate([part[name] for part in drawn]))
        for name, estimate in estimates.items()
    }


def _draws(photos: int) -> Iterator[Floats]:
    """Yield how often each photo was drawn, several samples at a time."""
    random = np.random.default_rng(_SEED)
    at_once = max(1, _MOST // photos)
    for start in range(0, DRAWS, at_once):
        count = min(at_once, DRAWS - start)
        chosen = random.integers(photos, size=(count, photos))
        chosen += photos * np.arange(count)[:, None]  # gives each sample its own range of bins
        counts = np.bincount(chosen.ravel(), minlength=count * photos)
        yield counts.reshape(count, photos).astype(np.float64)


def _estimate(value: float, drawn: Floats) -> Estimate:
    defined = drawn[np.isfinite(drawn)]
    if np.isnan(value) or not defined.size:
        return Estimate(np.nan, np.nan, np.nan)
    low, high = np.percentile(defined, _LEVELS)
    # With few photos all samples may lie on one side of the estimate.
    return Estimate(value, min(float(low), value), max(float(high), value))
