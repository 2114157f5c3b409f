"""Tests of histograms: quantiles and means are close to those of the original times."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai.ledger.histogram import histogram_bound, mean, quantile

SECONDS = st.lists(st.floats(0.001, 1000), min_size=1, max_size=50)


@given(SECONDS, st.sampled_from([0.5, 0.95]))
def test_quantiles(seconds: list[float], share: float) -> None:
    """A quantile is within an eighth of the true one."""
    histogram = Counter(map(histogram_bound, seconds))
    wanted = share * len(seconds)
    true = next(value for n, value in enumerate(sorted(seconds), 1) if n >= wanted)
    assert quantile(histogram, share) == pytest.approx(true, rel=0.13, abs=1e-3)


@given(SECONDS)
def test_means(seconds: list[float]) -> None:
    """The mean is within an eighth of the true one."""
    histogram = Counter(map(histogram_bound, seconds))
    assert mean(histogram) == pytest.approx(sum(seconds) / len(seconds), rel=0.13, abs=1e-3)


def test_nothing() -> None:
    """An empty histogram has neither a mean nor a quantile."""
    assert (mean({}), quantile({}, 0.5)) == (None, None)
