"""Metrics of predicted scores against ratings, with bootstrap confidence intervals.

Regression metrics; calibration, which is whether a score of 7 means a mean rating of 7; and
coverage, which is whether the spread of a score, its ±, matches how far raters disagree.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from attrai_training.evaluation.labels import RATINGS

Floats = NDArray[np.float64]

RESAMPLES = 1000
#: A fixed seed, so that the same predictions give the same intervals.
_SEED = 0
#: The most photos to draw at once, over several resamples: those that stay in a core's cache.
_AT_ONCE = 2**18
#: A variance below this share of the mean square is a rounding error.
_ROUNDING = 1e-12


class Estimate(NamedTuple):
    """An estimate and its 95 % interval; NaN where there are too few photos to define them."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class RegressionMetrics:
    """Metrics of predicted scores against ratings."""

    photos: int
    pearson: Estimate  #: whether the ratings are a linear function of the scores
    spearman: Estimate  #: whether scores and ratings are in the same order
    mae: Estimate  #: mean absolute error, in points
    rmse: Estimate  #: root mean squared error, in points
    bias: Estimate  #: mean signed error, in points: above 0 where the scores are too high
    #: The least squares line that predicts ratings from scores: intercept + slope * score. For a
    #: calibrated scorer the slope is 1 and the intercept 0.
    slope: Estimate
    intercept: Estimate


def regression_metrics(predicted: Floats, rated: Floats) -> RegressionMetrics:
    """Compute the metrics of `predicted` against `rated`, both of shape (n,), n at least 1.

    The order of the photos doesn't change the result.
    """
    order = np.lexsort((rated, predicted))
    pairs = predicted[order], rated[order]
    values = _statistics(*pairs)
    low = high = np.full(len(values), np.nan)
    if len(order) > 1:
        with warnings.catch_warnings():
            # An interval is undefined where a resample is, as when it has one photo many times.
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)
            low, high = stats.bootstrap(
                pairs,
                _statistics,
                paired=True,
                vectorized=True,
                n_resamples=RESAMPLES,
                batch=max(1, _AT_ONCE // len(order)),
                method="percentile",
                rng=np.random.default_rng(_SEED),
            ).confidence_interval
    # With few photos all resamples may lie on one side of the estimate.
    bounds = np.stack([values, np.minimum(low, values), np.maximum(high, values)], axis=1)
    return RegressionMetrics(len(order), *(Estimate(*map(float, row)) for row in bounds))


def _statistics(predicted: Floats, rated: Floats, axis: int = -1) -> Floats:
    """Return all metrics in the order of `RegressionMetrics`, in a new first dimension."""
    error = predicted - rated
    covariance, variance, correlation = moments(predicted, rated, axis)
    ranks = stats.rankdata(predicted, axis=axis), stats.rankdata(rated, axis=axis)
    slope = covariance / variance
    return np.stack(
        [
            correlation,
            moments(*ranks, axis)[2],
            np.abs(error).mean(axis),
            np.sqrt((error**2).mean(axis)),
            error.mean(axis),
            slope,
            rated.mean(axis) - slope * predicted.mean(axis),
        ]
    )


def moments(x: Floats, y: Floats, axis: int = -1) -> tuple[Floats, Floats, Floats]:
    """Return the covariance, the variance of x, and the correlation.

    The variance is NaN where all values are equal, since nothing correlates with them.
    """
    squares = (x**2).mean(axis), (y**2).mean(axis)
    x, y = x - x.mean(axis, keepdims=True), y - y.mean(axis, keepdims=True)
    variances = [
        np.where(variance > _ROUNDING * square, variance, np.nan)
        for variance, square in zip(((x**2).mean(axis), (y**2).mean(axis)), squares, strict=True)
    ]
    covariance = (x * y).mean(axis)
    correlation = covariance / np.sqrt(variances[0] * variances[1])
    return covariance, variances[0], correlation.clip(-1, 1)


@dataclass(frozen=True)
class CalibrationBin:
    """The photos whose score rounds to the same integer."""

    about: int  #: the integer
    photos: int
    predicted: float  #: the mean of their scores
    rated: float  #: the mean of their ratings
    within: float  #: half the width of the 95 % interval of `rated`; NaN for one photo


def calibration(predicted: Floats, rated: Floats) -> tuple[CalibrationBin, ...]:
    """Return the calibration bins that contain a photo, in ascending order."""
    about = np.floor(predicted + 0.5).astype(int)
    bins = []
    for integer in np.unique(about):
        p, r = predicted[about == integer], rated[about == integer]
        within = 1.96 * r.std(ddof=1) / np.sqrt(len(r)) if len(r) > 1 else np.nan
        bins.append(
            CalibrationBin(int(integer), len(p), float(p.mean()), float(r.mean()), float(within))
        )
    return tuple(bins)


@dataclass(frozen=True)
class Coverage:
    """Metrics of the predicted spreads, on the photos with a histogram.

    The raters' own values are those of a scorer that knows each photo's ratings. They are not those
    of a normal distribution, because ratings are integers and not normally distributed.
    """

    photos: int
    ratings: int  #: of all photos together
    predicted: float  #: the mean of the predicted spreads, in points
    rated: float  #: the mean of the ratings' standard deviations, in points
    mae: float  #: mean absolute difference of the two, in points
    #: The share of single ratings that lie within one, and two, predicted spreads of the score.
    within_one: float
    within_two: float
    #: The same for the ratings' own standard deviation and mean.
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
    mean, deviation = distribution(counts)

    def within(centres: Floats, reach: Floats) -> float:
        near = np.abs(np.array(RATINGS) - centres[:, None]) <= reach[:, None]
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


def distribution(counts: Floats) -> tuple[Floats, Floats]:
    """Return means and standard deviations from the counts of each rating, shape (n, 10)."""
    ratings, total = np.array(RATINGS, float), counts.sum(axis=1)
    mean = counts @ ratings / total
    return mean, np.sqrt((counts * (ratings - mean[:, None]) ** 2).sum(axis=1) / total)
