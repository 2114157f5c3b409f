"""Tests of histograms: quantiles and means are close to those of the original times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import fakeredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai.ledger.histogram import histogram_bound, mean, quantile
from attrai.ledger.scripts import load_script

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


@pytest.fixture(scope="module")
def bucket() -> Callable[[float], float]:
    """Return the function by which the ledger's scripts find a time's bucket."""
    source = load_script("common") + "\nreturn bucket(tonumber(ARGV[1]))"
    script = fakeredis.FakeRedis().register_script(source)
    return lambda seconds: float(script(args=[seconds]))


@given(seconds=st.floats(0, 1e6))
def test_scripts_use_the_same_buckets(bucket: Callable[[float], float], seconds: float) -> None:
    """The ledger's scripts and Python put a time into the same bucket."""
    assert bucket(seconds) == histogram_bound(seconds)


@pytest.mark.parametrize("number", range(0, 90, 3))
def test_scripts_use_the_same_bounds(bucket: Callable[[float], float], number: int) -> None:
    """They do at the bounds of buckets too."""
    bound = histogram_bound(0.001 * 1.25**number)
    assert bucket(bound) == histogram_bound(bound)


def test_nothing() -> None:
    """An empty histogram has neither a mean nor a quantile."""
    assert (mean({}), quantile({}, 0.5)) == (None, None)
