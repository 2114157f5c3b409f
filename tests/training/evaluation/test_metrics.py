"""Tests of the regression metrics and their intervals."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from attrai_training.evaluation.metrics import Estimate, RegressionMetrics, regression_metrics

RATINGS = st.floats(1, 10) | st.integers(1, 10).map(float)
PAIRS = st.lists(st.tuples(RATINGS, RATINGS), min_size=1, max_size=30)


def of(pairs: list[tuple[float, float]]) -> RegressionMetrics:
    """The metrics of pairs of a score and a rating."""
    predicted, rated = np.array(pairs).T
    return regression_metrics(predicted, rated)


def values(found: RegressionMetrics) -> dict[str, Estimate]:
    """All estimates, by name."""
    return {
        name: estimate for name, estimate in vars(found).items() if isinstance(estimate, Estimate)
    }


def test_known_values() -> None:
    """Every metric equals the value of its formula, worked out by hand."""
    found = of([(2, 1), (4, 5), (6, 5), (8, 9)])
    assert found.photos == 4
    assert found.mae.value == pytest.approx(1)
    assert found.rmse.value == pytest.approx(1)
    assert found.bias.value == pytest.approx(0)
    assert found.slope.value == pytest.approx(1.2)
    assert found.intercept.value == pytest.approx(-1)
    assert found.pearson.value == pytest.approx(24 / math.sqrt(20 * 32))
    assert found.spearman.value == pytest.approx(4.5 / math.sqrt(5 * 4.5))


@given(PAIRS)
def test_figures_keep_their_ranges_and_lie_in_their_intervals(
    pairs: list[tuple[float, float]],
) -> None:
    """Correlations are -1 to 1, errors are not negative, and intervals contain their estimate."""
    found = of(pairs)
    for estimate in values(found).values():
        known = not math.isnan(estimate.low)
        assert known == (not math.isnan(estimate.high))
        assert not known or estimate.low <= estimate.value <= estimate.high
    for correlation in (found.pearson, found.spearman):
        assert math.isnan(correlation.low) or -1 <= correlation.low <= correlation.high <= 1
    assert math.isnan(found.mae.low) == (len(pairs) == 1)
    assert len(pairs) == 1 or found.mae.low >= 0
    assert abs(found.bias.value) <= found.mae.value + 1e-9 <= found.rmse.value + 2e-9


@given(PAIRS, st.randoms())
def test_the_order_is_of_no_effect(pairs: list[tuple[float, float]], random: object) -> None:
    """The order of the photos changes neither estimates nor intervals, to the last digit."""
    other = list(pairs)
    random.shuffle(other)  # type: ignore[attr-defined]
    np.testing.assert_equal(asdict(of(other)), asdict(of(pairs)))


@given(PAIRS)
def test_errors_have_their_sign(pairs: list[tuple[float, float]]) -> None:
    """Scores that are all 0.5 higher have a bias 0.5 higher."""
    found, higher = of(pairs), of([(score + 0.5, rating) for score, rating in pairs])
    assert higher.bias.value == pytest.approx(found.bias.value + 0.5)
    assert higher.intercept.value == pytest.approx(
        found.intercept.value - 0.5 * found.slope.value, nan_ok=True, abs=1e-3
    )


@pytest.mark.parametrize(
    "pairs", [[(5, 4)], [(5, 4), (5, 6), (5, 8)], [(4, 5), (6, 5)]], ids=["one", "score", "rating"]
)
def test_what_is_constant_has_no_correlation(pairs: list[tuple[float, float]]) -> None:
    """One photo, equal scores or equal ratings have no correlation, but still an error."""
    found = of(pairs)
    assert math.isnan(found.pearson.value)
    assert math.isnan(found.spearman.value)
    assert math.isnan(found.slope.value) == (len({score for score, _ in pairs}) == 1)
    assert found.mae.value >= 1


def test_intervals_are_those_of_drawing_photos() -> None:
    """Intervals are the percentiles of the metrics of photos drawn with replacement."""
    random = np.random.default_rng(1)
    rated = random.integers(1, 11, 40).astype(float)
    predicted = np.round(rated + 2 * random.normal(size=40), 1)
    drawn = random.integers(40, size=(4000, 40))
    expected = {
        "pearson": [np.corrcoef(predicted[i], rated[i])[0, 1] for i in drawn],
        "spearman": [stats.spearmanr(predicted[i], rated[i]).statistic for i in drawn],
        "mae": [np.abs(predicted[i] - rated[i]).mean() for i in drawn],
        "rmse": [np.sqrt(((predicted[i] - rated[i]) ** 2).mean()) for i in drawn],
        "bias": [(predicted[i] - rated[i]).mean() for i in drawn],
        "slope": [np.polyfit(predicted[i], rated[i], 1)[0] for i in drawn],
        "intercept": [np.polyfit(predicted[i], rated[i], 1)[1] for i in drawn],
    }
    found = values(regression_metrics(predicted, rated))
    assert found.keys() == expected.keys()
    for name, metric in expected.items():
        low, high = np.percentile(metric, (2.5, 97.5))
        assert (found[name].low, found[name].high) == pytest.approx(
            (low, high), abs=0.15 * (high - low)
        )


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """In about 95 of 100 experiments the interval contains the true bias."""
    random = np.random.default_rng(2)
    held = 0
    for _ in range(100):
        rated = random.normal(5, 1, 80)
        found = regression_metrics(rated + random.normal(0.2, 0.7, 80), rated)
        held += found.bias.low <= 0.2 <= found.bias.high
    assert 88 <= held <= 100


@settings(max_examples=20)
@given(st.floats(-1, 1), st.floats(0.2, 3))
def test_a_line_is_found(intercept: float, slope: float) -> None:
    """Ratings that are linear in the scores give that line, with intervals of no width."""
    scores = np.linspace(2, 8, 20)
    found = regression_metrics(scores, intercept + slope * scores)
    for estimate, value in (found.slope, slope), (found.intercept, intercept), (found.pearson, 1):
        assert tuple(vars(estimate).values()) == pytest.approx((value,) * 3, abs=1e-6)


def test_many_photos_need_little_memory() -> None:
    """Resamples are drawn in parts, so that those of 2,000 photos fit into memory."""
    rated = np.random.default_rng(3).normal(5, 1, 2000)
    tracemalloc.start()
    regression_metrics(rated + 1, rated)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
