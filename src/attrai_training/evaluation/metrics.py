"""Metrics of predicted scores against ratings: regression metrics, calibration and coverage.

Calibration is whether a score of 7 means a mean rating of 7; coverage is whether the spread of a
score, its ±, matches how far raters disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from attrai_training.evaluation.estimate import Estimate, Floats, Statistics, estimates
from attrai_training.evaluation.labels import RATINGS

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
