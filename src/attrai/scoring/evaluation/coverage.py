"""Coverage: does the ± of a score tell how far raters disagree?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attrai.scoring.evaluation.figures import Floats
from attrai.scoring.evaluation.rows import RATINGS


@dataclass(frozen=True)
class Coverage:
    """Of the predicted spreads, on those photos whose histogram is known.

    The raters' own figures say what a scorer would reach that knew each photo's ratings: they
    are whole numbers, and not normally distributed.
    """

    photos: int
    #: How many ratings the photos have in all.
    ratings: int
    #: Means over the photos, in points: the predicted spread and the ratings' standard deviation.
    predicted: float
    rated: float
    #: Mean absolute difference of the two, in points.
    mae: float
    #: The share of single ratings that lie within one, and two, predicted spreads of the score.
    within_one: float
    within_two: float
    #: The same with the ratings' own standard deviation around their own mean.
    rated_within_one: float
    rated_within_two: float


def coverage(
    predicted: Floats, spreads: Floats, histograms: Sequence[tuple[int, ...] | None]
) -> Coverage | None:
    """How well `spreads` tell the histograms; None if no histogram is known.

    Args:
        predicted: the scores, shape (n,).
        spreads: the predicted standard deviations, shape (n,).
        histograms: how many raters gave 1, 2, ... 10.
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
    """The standard deviation of each photo's ratings, shape (n,), in points.

    Args:
        histograms: how many raters gave 1, 2, ... 10.
    """
    return _moments(np.array(histograms, float).reshape(-1, len(RATINGS)))[1]


def _moments(counts: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of ratings, of which there are so many, shape (n, 10)."""
    ratings = np.array(RATINGS, float)
    mean = counts @ ratings / counts.sum(axis=1)
    squares = (counts * (ratings - mean[:, None]) ** 2).sum(axis=1)
    deviation: Floats = np.sqrt(squares / counts.sum(axis=1))
    return mean, deviation
