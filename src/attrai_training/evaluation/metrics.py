"""Metrics of predicted scores against ratings, with bootstrap confidence intervals.

Regression metrics; calibration, which is whether a score of 7 means a mean rating of 7; and
coverage, which is whether the spread of a score, its ±, matches how far raters disagree.

B. Efron, R. Tibshirani: "An Introduction to the Bootstrap", 1993: the photos are resampled with
replacement, many times, and the estimate is computed on each sample. A sample is represented by how
often it contains each photo, so that all samples are computed at once as weighted estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attrai_training.evaluation.labels import RATINGS

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


#: A variance below this share of the mean square is a rounding error.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class RegressionMetrics:
    """Metrics of predicted scores against the mean ratings."""

    photos: int
    #: Pearson correlation, -1 to 1: whether the ratings are a linear function of the scores.
    pearson: Estimate
    #: Spearman correlation, -1 to 1: whether scores and ratings are in the same order.
    spearman: Estimate
    #: Mean absolute error, in points.
    mae: Estimate
    #: Root mean squared error, in points.
    rmse: Estimate
    #: Mean signed error, in points: above 0 where the scores are too high.
    bias: Estimate
    #: The least squares line that predicts ratings from scores: intercept + slope * score. For a
    #: calibrated scorer the slope is 1 and the intercept 0.
    slope: Estimate
    intercept: Estimate


def regression_metrics(predicted: Floats, rated: Floats) -> RegressionMetrics:
    """Compute the metrics of `predicted` against `rated`, both of shape (n,), n at least 1.

    The order of the photos doesn't change the result.
    """
    order = np.lexsort((rated, predicted))
    found = estimates(_statistics(predicted[order], rated[order]), len(order))
    return RegressionMetrics(len(order), **found)


def _statistics(predicted: Floats, rated: Floats) -> Statistics:
    error = predicted - rated
    # Products of values near zero lose fewer digits.
    middle = float(rated.mean())
    p, r = predicted - middle, rated - middle
    columns = np.stack([p, r, p * p, r * r, p * r, np.abs(error), error * error], axis=1)
    predicted_ranks, rated_ranks = _ranking(predicted), _ranking(rated)

    def statistics(counts: Floats) -> dict[str, Floats]:
        means = counts @ columns / len(error)
        mean_p, mean_r, pp, rr, pr, absolute, to_square = means.T
        covariance = pr - mean_p * mean_r
        variance_p, variance_r = _variance(mean_p, pp), _variance(mean_r, rr)
        slope = covariance / variance_p
        return {
            "pearson": (covariance / np.sqrt(variance_p * variance_r)).clip(-1, 1),
            "spearman": _rank_correlation(counts, predicted_ranks(counts), rated_ranks(counts)),
            "mae": absolute,
            "rmse": np.sqrt(to_square),
            "bias": mean_p - mean_r,
            "slope": slope,
            "intercept": middle + mean_r - slope * (middle + mean_p),
        }

    return statistics


def _variance(mean: Floats, mean_square: Floats) -> Floats:
    """Return the variance; NaN where all values are equal, since nothing correlates with them."""
    variance = mean_square - mean**2
    return np.where(variance > _ROUNDING * mean_square, variance, np.nan)


def _ranking(values: Floats) -> Callable[[Floats], Floats]:
    """Return a function from samples' counts to the centred ranks of the values in each sample.

    Equal values share their mean rank.
    """
    order = np.argsort(values, kind="stable")
    _, which = np.unique(values, return_inverse=True)
    firsts = np.flatnonzero(np.diff(values[order], prepend=-np.inf))

    def ranks(counts: Floats) -> Floats:
        same = np.add.reduceat(counts[:, order], firsts, axis=1)
        middles = np.cumsum(same, axis=1) - same / 2
        centred: Floats = middles[:, which] - len(values) / 2
        return centred

    return ranks


def _rank_correlation(counts: Floats, first: Floats, second: Floats) -> Floats:
    weighted = counts * first
    covariance = (weighted * second).sum(axis=1)
    spread = np.sqrt((weighted * first).sum(axis=1) * (counts * second * second).sum(axis=1))
    # Ranks are multiples of 0.5, so that this is exactly 0 where all are equal.
    correlation: Floats = covariance / np.where(spread > 0, spread, np.nan)
    return correlation.clip(-1, 1)


@dataclass(frozen=True)
class CalibrationBin:
    """The photos whose score rounds to the same integer."""

    #: The integer.
    about: int
    photos: int
    #: The mean of their scores.
    predicted: float
    #: The mean of their mean ratings.
    rated: float
    #: Half the width of the 95 % interval of `rated`; NaN for one photo.
    within: float


def calibration(predicted: Floats, rated: Floats) -> tuple[CalibrationBin, ...]:
    """Return the calibration bins that contain a photo, in ascending order."""
    about = np.floor(predicted + 0.5).astype(int)
    steps = []
    for number in np.unique(about):
        there = about == number
        count = int(there.sum())
        error = rated[there].std(ddof=1) / np.sqrt(count) if count > 1 else np.nan
        steps.append(
            CalibrationBin(
                about=int(number),
                photos=count,
                predicted=float(predicted[there].mean()),
                rated=float(rated[there].mean()),
                within=float(1.96 * error),
            )
        )
    return tuple(steps)


@dataclass(frozen=True)
class Coverage:
    """Metrics of the predicted spreads, on the photos with a histogram.

    The raters' own values are those of a scorer that knows each photo's ratings. They are not those
    of a normal distribution, because ratings are integers and not normally distributed.
    """

    photos: int
    #: The number of ratings of all photos together.
    ratings: int
    #: Means over the photos, in points, of the predicted spread and of the ratings' standard
    #: deviation.
    predicted: float
    rated: float
    #: Mean absolute difference of the two, in points.
    mae: float
    #: The share of single ratings that lie within one, and two, predicted spreads of the score.
    within_one: float
    within_two: float
    #: The share of single ratings that lie within one, and two, of the ratings' own standard
    #: deviations of their own mean.
    rated_within_one: float
    rated_within_two: float


def coverage(
    predicted: Floats, spreads: Floats, histograms: Sequence[tuple[int, ...] | None]
) -> Coverage | None:
    """Compare `spreads` with the histograms; None if no histogram is known.

    Args:
        predicted: the scores, shape (n,).
        spreads: the predicted standard deviations, shape (n,).
        histograms: how many raters gave 1, 2, ... 10, for each photo.
    """
    known = np.array([histogram is not None for histogram in histograms], bool)
    if not known.any():
        return None
    counts = np.array([histogram for histogram in histograms if histogram], float)
    predicted, spreads = predicted[known], spreads[known]
    ratings = np.array(RATINGS, float)
    mean, deviation = _moments(counts)

    def within(centres: Floats, reach: Floats) -> float:
        near = np.abs(ratings - centres[:, None]) <= reach[:, None]
        return float((counts * near).sum() / counts.sum())

    return Coverage(
        photos=len(counts),
        ratings=int(counts.sum()),
        predicted=float(spreads.mean()),
        rated=float(deviation.mean()),
        mae=float(np.abs(spreads - deviation).mean()),
        within_one=within(predicted, spreads),
        within_two=within(predicted, 2 * spreads),
        rated_within_one=within(mean, deviation),
        rated_within_two=within(mean, 2 * deviation),
    )


def deviations(histograms: Sequence[tuple[int, ...]]) -> Floats:
    """Return the standard deviation of each photo's ratings, shape (n,), in points.

    Args:
        histograms: how many raters gave 1, 2, ... 10, for each photo.
    """
    return _moments(np.array(histograms, float).reshape(-1, len(RATINGS)))[1]


def _moments(counts: Floats) -> tuple[Floats, Floats]:
    """Return means and standard deviations from the counts of each rating, shape (n, 10)."""
    ratings = np.array(RATINGS, float)
    mean = counts @ ratings / counts.sum(axis=1)
    squares = (counts * (ratings - mean[:, None]) ** 2).sum(axis=1)
    deviation: Floats = np.sqrt(squares / counts.sum(axis=1))
    return mean, deviation
