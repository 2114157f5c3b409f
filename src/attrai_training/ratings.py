"""Ratings as a network learns them: distributions, and how far off a prediction is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from attrai_training.evaluation import LabelledPhoto
from attrai_training.network import RATINGS

#: Standard deviation of the ratings of one photo where no histogram tells, in points.
_SPREAD = 2.0
#: Each rating of a histogram is spread to its neighbours by this standard deviation: a few
#: dozen raters leave gaps that mean nothing.
_SMOOTHING = 0.5
#: How many ratings stand behind a score without a histogram.
_COUNT = 24
#: What no network can see on a photo, as variance of scores; the ratings' own noise adds to it.
_UNSEEN = 0.6
#: The share of the error of the mean in the loss.
_MEAN_SHARE = 0.3


@dataclass(frozen=True)
class Targets:
    """What is to be learnt of n photos."""

    distributions: Tensor  #: over the ratings from 1 up, shape (n, 10)
    means: Tensor  #: shape (n,)
    weights: Tensor  #: 1 on average, shape (n,)

    @classmethod
    def of(cls, photos: Sequence[LabelledPhoto]) -> Self:
        """The targets of photos; one with more ratings weighs more."""
        rows = [_distribution(photo) for photo in photos]
        counts = np.array([sum(photo.histogram or (_COUNT,)) for photo in photos])
        weights = 1 / (_UNSEEN + _SPREAD**2 / counts)
        return cls(
            torch.tensor(np.stack(rows), dtype=torch.float32),
            torch.tensor([photo.score for photo in photos], dtype=torch.float32),
            torch.tensor(weights / weights.mean(), dtype=torch.float32),
        )

    def __getitem__(self, indices: NDArray[np.int64]) -> Targets:
        """Those of some of the photos."""
        return Targets(self.distributions[indices], self.means[indices], self.weights[indices])

    def nearer_to(self, distributions: Tensor, share: float) -> Targets:
        """The same with that share of others, shape (n, 10)."""
        mixed = (1 - share) * self.distributions + share * distributions
        means = (1 - share) * self.means + share * mean(distributions)
        return Targets(mixed, means, self.weights)

    def and_of(self, distributions: Tensor) -> Targets:
        """With those of further faces, shape (m, 10), which weigh as much as others on average."""
        return Targets(
            torch.cat([self.distributions, distributions]),
            torch.cat([self.means, mean(distributions)]),
            torch.cat([self.weights, torch.ones(len(distributions))]),
        )

    def to(self, device: str) -> Targets:
        """The same where that device finds them."""
        parts = (self.distributions, self.means, self.weights)
        return Targets(*(part.to(device) for part in parts))

    def mixed(self, other: Targets, share: Tensor) -> Targets:
        """Of blends that have `share` (n,) of these photos and the rest of the others."""
        mine, theirs = share, 1 - share
        return Targets(
            mine[:, None] * self.distributions + theirs[:, None] * other.distributions,
            mine * self.means + theirs * other.means,
            mine * self.weights + theirs * other.weights,
        )


def loss(logits: Tensor, targets: Targets) -> Tensor:
    """How far predicted ratings are off, weighted.

    The to_square earth mover's distance between the distributions (L. Hou, C.-P. Yu, D. Samaras:
    "Squared Earth Mover's Distance-based Loss for Training Deep Neural Networks", 2016), and a
    share of the error of the mean.
    """
    predicted = logits.softmax(1)
    steps = predicted.cumsum(1) - targets.distributions.cumsum(1)
    errors = steps.square().sum(1)
    errors = errors + _MEAN_SHARE * functional.smooth_l1_loss(
        mean(predicted), targets.means, reduction="none"
    )
    return (errors * targets.weights).mean()


def mean(distributions: Tensor) -> Tensor:
    """The mean rating, shape (n, 10) -> (n,)."""
    return distributions @ torch.arange(
        1, RATINGS + 1, dtype=distributions.dtype, device=distributions.device
    )


def _distribution(photo: LabelledPhoto) -> NDArray[np.float64]:
    ratings = np.arange(1, RATINGS + 1)
    if photo.histogram is None:
        centres, shares, width = np.array([photo.score]), np.ones(1), _SPREAD
    else:
        centres, width = ratings, _SMOOTHING
        shares = np.array(photo.histogram) / sum(photo.histogram)
    kernels = np.exp(-(((ratings - centres[:, None]) / width) ** 2) / 2)
    distribution: NDArray[np.float64] = shares @ (kernels / kernels.sum(1, keepdims=True))
    return distribution
