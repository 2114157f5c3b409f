"""How well predicted scores agree with the raters' means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from attrai.scoring.evaluation.figures import Figure, Floats, Statistics, figures

#: A variance below this part of the mean square is rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Agreement:
    """Of predicted scores with the means of the ratings."""

    photos: int
    #: Correlation, -1 to 1: whether the scores follow the ratings on a line.
    pearson: Figure
    #: The same of their ranks: whether they are in the same order.
    spearman: Figure
    #: Mean absolute error, in points.
    mae: Figure
    #: Root of the mean squared error, in points.
    rmse: Figure
    #: Mean signed error, in points: above 0 where the scores are too high.
    bias: Figure
    #: The line that best tells the rating of a score: intercept + slope * score. Of a calibrated
    #: scorer the slope is 1 and the intercept 0.
    slope: Figure
    intercept: Figure


def agreement(predicted: Floats, rated: Floats) -> Agreement:
    """How well `predicted` agrees with `rated`, both of shape (n,), n at least 1.

    The order of the photos is of no effect.
    """
    order = np.lexsort((rated, predicted))
    found = figures(_statistics(predicted[order], rated[order]), len(order))
    return Agreement(len(order), **found)


def _statistics(predicted: Floats, rated: Floats) -> Statistics:
    error = predicted - rated
    # Near zero their products lose fewer digits.
    middle = float(rated.mean())
    p, r = predicted - middle, rated - middle
    columns = np.stack([p, r, p * p, r * r, p * r, np.abs(error), error * error], axis=1)
    predicted_ranks, rated_ranks = _ranking(predicted), _ranking(rated)

    def statistics(counts: Floats) -> dict[str, Floats]:
        means = counts @ columns / len(error)
        mean_p, mean_r, pp, rr, pr, absolute, squared = means.T
        covariance = pr - mean_p * mean_r
        variance_p, variance_r = _variance(mean_p, pp), _variance(mean_r, rr)
        slope = covariance / variance_p
        return {
            "pearson": (covariance / np.sqrt(variance_p * variance_r)).clip(-1, 1),
            "spearman": _rank_correlation(counts, predicted_ranks(counts), rated_ranks(counts)),
            "mae": absolute,
            "rmse": np.sqrt(squared),
            "bias": mean_p - mean_r,
            "slope": slope,
            "intercept": middle + mean_r - slope * (middle + mean_p),
        }

    return statistics


def _variance(mean: Floats, mean_square: Floats) -> Floats:
    """NaN where all values are the same: nothing follows them then."""
    variance = mean_square - mean**2
    return np.where(variance > _ROUNDING * mean_square, variance, np.nan)


def _ranking(values: Floats) -> Callable[[Floats], Floats]:
    """From counts to the values' ranks in each draw, less the mean rank; equals share theirs."""
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
    # Ranks are halves of whole numbers, so that this is exactly 0 where all are the same.
    correlation: Floats = covariance / np.where(spread > 0, spread, np.nan)
    return correlation.clip(-1, 1)
