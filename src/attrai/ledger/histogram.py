"""Histograms of times, small enough for Redis: each bucket's bound is 25 % above the last."""

from __future__ import annotations

import math
from collections.abc import Mapping

#: The first bound, in seconds, and the factor from each bound to the next.
SHORTEST, STEP = 0.001, 1.25


def histogram_bound(seconds: float) -> float:
    """Return the upper bound, in seconds, of the bucket that a time falls into."""
    steps = math.ceil(math.log(max(seconds, SHORTEST) / SHORTEST, STEP) - 1e-9)
    return round(SHORTEST * STEP**steps, 6)


def quantile(histogram: Mapping[float, int], share: float) -> float | None:
    """Return a quantile of a histogram's times in seconds, or None if the histogram is empty.

    The result is off by at most an eighth: the true value lies somewhere in the same bucket.

    Args:
        histogram: Count of times in each bucket, by the bucket's upper bound in seconds.
        share: Share of times that don't exceed the quantile, from 0 to 1; 0.5 for the median.
    """
    wanted = share * sum(histogram.values())
    seen = 0
    for bound, count in sorted(histogram.items()):
        seen += count
        if count and seen >= wanted:
            return middle(bound)
    return None


def mean(histogram: Mapping[float, int]) -> float | None:
    """Return the mean of a histogram's times in seconds, or None if the histogram is empty.

    The result is off by at most an eighth, like that of `quantile`.
    """
    count = sum(histogram.values())
    return sum(middle(bound) * n for bound, n in histogram.items()) / count if count else None


def middle(bound: float) -> float:
    """Return the middle, in seconds, of the bucket that ends at `bound`."""
    return round(bound * (1 + 1 / STEP) / 2, 4)
