"""Tests of the regression metrics and their intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrai_training.evaluation.metrics import (
    DRAWS,
    Estimate,
    Floats,
    RegressionMetrics,
    _draws,
    _statistics,
    regression_metrics,
)

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


def ranks(numbers: Floats) -> Floats:
    """Ranks by their definition, where equal values share the mean rank."""
    return np.array([(numbers < n).sum() + ((numbers == n).sum() + 1) / 2 for n in numbers])


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
        defined = [not math.isnan(number) for number in estimate]
        assert all(defined) or not any(defined)
        assert not defined[0] or estimate.low <= estimate.value <= estimate.high
    for correlation in (found.pearson, found.spearman):
        assert math.isnan(correlation.value) or -1 <= correlation.low <= correlation.high <= 1
    assert found.mae.low >= 0
    assert abs(found.bias.value) <= found.mae.value + 1e-9 <= found.rmse.value + 2e-9


@given(PAIRS, st.randoms())
def test_the_order_is_of_no_effect(pairs: list[tuple[float, float]], random: object) -> None:
    """The order of the photos changes neither estimates nor intervals, to the last digit."""
    other = list(pairs)
    random.shuffle(other)  # type: ignore[attr-defined]
    np.testing.assert_equal(vars(of(other)), vars(of(pairs)))


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


def test_draws_are_what_drawing_photos_gives() -> None:
    """Metrics computed from a sample's counts equal those of the photos in the sample."""
    random = np.random.default_rng(1)
    rated = random.integers(1, 11, 40).astype(float)
    predicted = np.round(rated + random.normal(size=40), 1)
    (counts, *_) = _draws(40)
    found = _statistics(predicted, rated)(counts)
    assert (counts.sum(axis=1) == 40).all()
    for place in range(50):
        p, r = (np.repeat(numbers, counts[place].astype(int)) for numbers in (predicted, rated))
        slope, intercept = np.polyfit(p, r, 1)
        expected = {
            "pearson": np.corrcoef(p, r)[0, 1],
            "spearman": np.corrcoef(ranks(p), ranks(r))[0, 1],
            "mae": np.abs(p - r).mean(),
            "rmse": np.sqrt(((p - r) ** 2).mean()),
            "bias": (p - r).mean(),
            "slope": slope,
            "intercept": intercept,
        }
        assert {name: numbers[place] for name, numbers in found.items()} == pytest.approx(expected)


def test_there_are_enough_draws() -> None:
    """The number of samples doesn't depend on that of the photos, and photos are drawn evenly."""
    for photos in (1, 7, 3000):
        counts = [part.sum(axis=0) for part in _draws(photos)]
        sizes = sum(len(part) for part in _draws(photos))
        assert sizes == DRAWS
        assert np.sum(counts, axis=0) == pytest.approx(DRAWS, rel=0.2)


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
    assert found.slope == pytest.approx((slope,) * 3)
    assert found.intercept == pytest.approx((intercept,) * 3, abs=1e-6)
    assert found.pearson == pytest.approx((1, 1, 1))
