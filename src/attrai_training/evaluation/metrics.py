"""Metrics of predicted scores against ratings, with bootstrap confidence intervals.

Regression metrics; calibration, which is whether a score of 7 means a mean rating of 7; and
coverage, which is whether the spread of a score, its ±, matches how far raters disagree.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from attrai_training.evaluation.labels import RATINGS

Floats = NDArray[np.float64]

RESAMPLES = 1000
#: How many photos to draw at once, over several resamples, for results that fit a core's cache.
_AT_ONCE = 2**18
#: A variance below this share of the mean square is a rounding error.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """An estimate and its 95 % interval; NaN where there are too few photos to define it."""

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

    The same photos in any order give the same result.
    """
    order = np.lexsort((rated, predicted))
    pairs, photos = (predicted[order], rated[order]), len(order)
    values = _statistics(*pairs)
    low = high = np.full(len(values), np.nan)
    if photos > 1:
        with warnings.catch_warnings():
            # An interval is undefined where a resample is: of few photos it can be one many times.
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)
            low, high = stats.bootstrap(
                pairs,
                _statistics,
                paired=True,
                vectorized=True,
                n_resamples=RESAMPLES,
                batch=max(1, _AT_ONCE // photos),
                method="percentile",
                rng=np.random.default_rng(0),
            ).confidence_interval
    # With few photos all resamples may lie on one side of the estimate.
    bounds = zip(values, np.minimum(low, values), np.maximum(high, values), strict=True)
    return RegressionMetrics(photos, *(Estimate(*map(float, bound)) for bound in bounds))


def _statistics(predicted: Floats, rated: Floats, axis: int = -1) -> Floats:
    """Return all metrics in the order of `RegressionMetrics`, in a new first dimension."""
    error = predicted - rated
    correlation, slope = regression(predicted, rated, axis)
    ranks = stats.rankdata(predicted, axis=axis), stats.rankdata(rated, axis=axis)
    metrics = [
        correlation,
        regression(*ranks, axis)[0],
        np.abs(error).mean(axis),
        np.sqrt((error**2).mean(axis)),
        error.mean(axis),
        slope,
        rated.mean(axis) - slope * predicted.mean(axis),
    ]
    return np.stack(metrics)


def regression(x: Floats, y: Floats, axis: int = -1) -> tuple[Floats, Floats]:
    """Return the Pearson correlation of x and y, and the slope of y over x.

    They are NaN where all values are equal, since nothing correlates with them.
    """

    def centred(values: Floats) -> tuple[Floats, Floats]:
        deviations = values - values.mean(axis, keepdims=True)
        variance = (deviations**2).mean(axis)
        real = variance > _ROUNDING * (values**2).mean(axis)
        return deviations, np.where(real, variance, np.nan)

    (dx, variance_x), (dy, variance_y) = centred(x), centred(y)
    covariance = (dx * dy).mean(axis)
    # Two roots, since the product of two small variances may be 0.
    correlation = covariance / np.sqrt(variance_x) / np.sqrt(variance_y)
    return correlation.clip(-1, 1), covariance / variance_x


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
        means = float(p.mean()), float(r.mean())
        bins.append(CalibrationBin(int(integer), len(p), *means, float(within)))
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
    #: The same for the ratings' own standard deviations and means.
    rated_within_one: float
    rated_within_two: float


def coverage(
    predicted: Floats, spreads: Floats, histograms: Sequence[tuple[int, ...] | None]
) -> Coverage | None:
    """Compare the predicted `spreads` with the histograms; None if no histogram is known."""
    known = [histogram is not None for histogram in histograms]
    if not any(known):
        return None
    there = [histogram for histogram in histograms if histogram]
    counts, (mean, deviation) = np.array(there), distribution(there)
    predicted, spreads = predicted[known], spreads[known]

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


def distribution(histograms: Sequence[tuple[int, ...]]) -> tuple[Floats, Floats]:
    """Return the means and standard deviations of photos' ratings, both of shape (n,).

    A histogram says how many raters gave 1, 2, ... 10.
    """
    counts, ratings = np.array(histograms, float).reshape(-1, len(RATINGS)), np.array(RATINGS)
    total = counts.sum(axis=1)
    mean = counts @ ratings / total
    return mean, np.sqrt((counts * (ratings - mean[:, None]) ** 2).sum(axis=1) / total)
