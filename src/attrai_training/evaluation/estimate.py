"""Figures that know how far to trust them: bootstrap intervals.

B. Efron, R. Tibshirani: "An Introduction to the Bootstrap", 1993: the photos are drawn anew with
replacement, many times, and each time the estimate is computed of what was drawn. A draw is told
by how often it has each photo, so that all draws are computed at once as weighted estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: From how often each of n photos was drawn, shape (draws, n), to each estimate's values, a draw
#: each. NaN where a estimate is not defined.
Statistics = Callable[[Floats], Mapping[str, Floats]]

DRAWS = 2000
_LEVELS = (2.5, 97.5)
#: The same draws each time, so that the same predictions give the same estimates.
_SEED = 0
#: How many numbers are computed with at once.
_MOST = 2**21


class Estimate(NamedTuple):
    """A estimate and its 95 % interval; all NaN when there are too few photos to define it."""

    value: float
    low: float
    high: float


def estimates(statistics: Statistics, photos: int) -> dict[str, Estimate]:
    """The estimates of `photos` photos with their intervals."""
    estimates = statistics(np.ones((1, photos)))
    drawn = [statistics(counts) for counts in _draws(photos)]
    return {
        name: _figure(float(estimate[0]), np.concatenate([part[name] for part in drawn]))
        for name, estimate in estimates.items()
    }


def _draws(photos: int) -> Iterator[Floats]:
    """How often each photo was drawn, some draws at a time."""
    random = np.random.default_rng(_SEED)
    at_once = max(1, _MOST // photos)
    for start in range(0, DRAWS, at_once):
        count = min(at_once, DRAWS - start)
        chosen = random.integers(photos, size=(count, photos))
        chosen += photos * np.arange(count)[:, None]  # the draws one after the other
        counts = np.bincount(chosen.ravel(), minlength=count * photos)
        yield counts.reshape(count, photos).astype(np.float64)


def _figure(value: float, drawn: Floats) -> Estimate:
    defined = drawn[np.isfinite(drawn)]
    if np.isnan(value) or not defined.size:
        return Estimate(np.nan, np.nan, np.nan)
    low, high = np.percentile(defined, _LEVELS)
    # Few photos may give draws that lie to one side of the estimate.
    return Estimate(value, min(float(low), value), max(float(high), value))
