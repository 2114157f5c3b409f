"""Histograms of times, small enough to be counted in Redis: each bound a quarter above the last."""

from __future__ import annotations

import math
from collections.abc import Mapping

#: The first bound in seconds, and how much further each next one is.
_SHORTEST, _STEP = 0.001, 1.25


def histogram_bound(seconds: float) -> float:
    """The upper bound, in seconds, of the bucket that a time falls into."""
    steps = math.ceil(math.log(max(seconds, _SHORTEST) / _SHORTEST, _STEP) - 1e-9)
    return round(_SHORTEST * _STEP**steps, 6)


def quantile(histogram: Mapping[float, int], share: float) -> float | None:
    """The time that this share of a histogram's times don't exceed; None for an empty one.

    It is off by at most an eighth: the true one lies somewhere in the same bucket.

    Args:
        histogram: how many times fell into the bucket of each bound.
        share: from 0 to 1; 0.5 for the median.
    """
    wanted = share * sum(histogram.values())
    seen = 0
    for bound, count in sorted(histogram.items()):
        seen += count
        if count and seen >= wanted:
            return middle(bound)
    return None


def mean(histogram: Mapping[float, int]) -> float | None:
    """The mean of a histogram's times, off as `quantile` is; None for an empty one."""
    count = sum(histogram.values())
    return sum(middle(bound) * n for bound, n in histogram.items()) / count if count else None


def middle(bound: float) -> float:
    """What stands for the times below a bound and above the one before."""
    return round(bound * (1 + 1 / _STEP) / 2, 4)
