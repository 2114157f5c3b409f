"""Training targets: a distribution over the ratings 1 to 10 for every view.

That of a rated face is made of its ratings and of what kernel ridge regression, from faces of other
people, says of it; that of an unrated one is what the regression says. The regression: C. Saunders,
A. Gammerman, V. Vovk: "Ridge Regression Learning Algorithm in Dual Variables", ICML 1998.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel

from attrai_training.evaluation.labels import RATINGS, LabelledPhoto
from attrai_training.evaluation.metrics import Floats, distribution
from attrai_training.views import Views

_RATINGS = np.array(RATINGS, float)
#: The standard deviation of a photo's ratings when it has no histogram, in points.
_SPREAD = 1.8
#: The standard deviation, in points, by which each rating of a histogram is smoothed. A few dozen
#: raters leave gaps that mean nothing.
_SMOOTHING = 0.5
#: The decay of the kernel with the squared distance, and the ridge. Half or twice either changes
#: the correlation with ratings by less than 0.005.
_DECAY, _RIDGE = 0.2, 0.3
#: The likeness of faces from different collections, as a share of that within one. Their raters
#: were others, asked in another way.
_ACROSS = 0.7
#: The number of faces to predict at a time, which bounds the memory for kernels.
_AT_ONCE = 4096
#: The share of the regression in the target of a rated face.
_REGRESSION_SHARE = 0.5
#: The least share of a rating, because a regression may predict less than 0.
_LEAST_SHARE = 1e-3
#: The number of bisection steps; they make means exact to 0.0001.
_HALVINGS = 24


def rating_distributions(photos: Sequence[LabelledPhoto], means: Floats) -> Floats:
    """Return smoothed histograms of ratings, shifted to the given means, shape (n, 10)."""
    kernel = _normal(_RATINGS, _SMOOTHING)
    usual = _normal(means, _SPREAD)
    found = [
        usual[place] if photo.histogram is None else np.array(photo.histogram) @ kernel
        for place, photo in enumerate(photos)
    ]
    return tilted(np.stack(found), means)


def usual_spread(photos: Sequence[LabelledPhoto]) -> float:
    """Return the mean standard deviation of the ratings of one photo, in points."""
    histograms = [photo.histogram for photo in photos if photo.histogram]
    return float(distribution(histograms)[1].mean()) if histograms else _SPREAD


def tilted(distributions: Floats, means: Floats) -> Floats:
    """Multiply distributions by an exponential of the rating that gives them these means."""
    shares = np.maximum(distributions, _LEAST_SHARE**2)
    low, high = np.full(len(means), -20.0), np.full(len(means), 20.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        tried = shares * np.exp(middle[:, None] * (_RATINGS - means[:, None]))
        above = tried @ _RATINGS > means * tried.sum(1)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return _shares(shares * np.exp(low[:, None] * (_RATINGS - means[:, None])))


def _normal(means: Floats, deviation: float) -> Floats:
    return _shares(np.exp(-(((_RATINGS - means[:, None]) / deviation) ** 2) / 2))


def _shares(values: Floats) -> Floats:
    shares: Floats = values / values.sum(1, keepdims=True)
    return shares


@dataclass(frozen=True)
class RatedFaces:
    """Described faces that have ratings; those of the first collection set the scale."""

    descriptions: NDArray[np.float32]  #: shape (n, length)
    distributions: Floats  #: over the ratings, shape (n, 10)
    folds: NDArray[np.int64]  #: equal for faces of the same person; -1 in other collections

    def predict(self, descriptions: NDArray[np.float32], unseen: Sequence[int]) -> Floats:
        """Predict distributions by the regression, shape (m, 10).

        Args:
            descriptions: of the faces to predict, shape (m, length).
            unseen: the folds of the first collection to leave out.
        """
        known = ~np.isin(self.folds, unseen)
        rated, first = self.descriptions[known], self.folds[known] >= 0
        usual = self.distributions[known][first].mean(0)
        kernel = rbf_kernel(rated, rated, _DECAY) * np.where(first[:, None] == first, 1, _ACROSS)
        regression = KernelRidge(alpha=_RIDGE, kernel="precomputed")
        regression.fit(kernel, self.distributions[known] - usual)
        said = []
        for start in range(0, len(descriptions), _AT_ONCE):
            alike = rbf_kernel(descriptions[start : start + _AT_ONCE], rated, _DECAY)
            said.append(usual + regression.predict(alike * np.where(first, 1, _ACROSS)))
        return _shares(np.maximum(np.concatenate(said), _LEAST_SHARE))


def view_targets(
    views: Views,
    folds: NDArray[np.int64],
    descriptions: NDArray[np.float32],
    rated: RatedFaces,
    unseen: Sequence[int],
) -> Floats:
    """Return the targets of views of rated faces: half ratings, half predictions.

    The predictions for a view are made from faces of other folds than its own.

    Args:
        views: views of faces of the first collection.
        folds: the fold of each of these faces.
        descriptions: those of the views.
        rated: all rated faces, those of the first collection first.
        unseen: folds to leave out, for whose views there are no targets (NaN).
    """
    own, predicted = folds[views.first], np.full((len(views), len(_RATINGS)), np.nan)
    for fold in np.setdiff1d(own, unseen):
        there = own == fold
        predicted[there] = rated.predict(descriptions[there], [*unseen, fold])
    told = views.blended(rated.distributions[: len(folds)])
    return (1 - _REGRESSION_SHARE) * told + _REGRESSION_SHARE * predicted
