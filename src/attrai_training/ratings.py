"""Ratings as training targets: distributions over the ratings, and the loss."""

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

#: The standard deviation of a photo's ratings when it has no histogram, in points.
_SPREAD = 2.0
#: The standard deviation, in points, by which each rating of a histogram is smoothed. A few dozen
#: raters leave gaps that mean nothing.
_SMOOTHING = 0.5
#: The number of ratings assumed for a photo without a histogram.
_COUNT = 24
#: The variance of scores that no network can see in a photo; the noise of the ratings adds to it.
_UNSEEN = 0.6
#: The weight of the error of the mean in the loss.
_MEAN_SHARE = 0.3


@dataclass(frozen=True)
class Targets:
    """The training targets of n photos."""

    distributions: Tensor  #: over the ratings 1 to 10, shape (n, 10)
    means: Tensor  #: shape (n,)
    weights: Tensor  #: with a mean of 1, shape (n,)

    @classmethod
    def of(cls, photos: Sequence[LabelledPhoto]) -> Self:
        """Compute the targets of photos; those with more ratings weigh more."""
        rows = [_distribution(photo) for photo in photos]
        counts = np.array([sum(photo.histogram or (_COUNT,)) for photo in photos])
        weights = 1 / (_UNSEEN + _SPREAD**2 / counts)
        return cls(
            torch.tensor(np.stack(rows), dtype=torch.float32),
            torch.tensor([photo.score for photo in photos], dtype=torch.float32),
            torch.tensor(weights / weights.mean(), dtype=torch.float32),
        )

    def __getitem__(self, indices: NDArray[np.int64]) -> Targets:
        """Return the targets of the photos at `indices`."""
        return Targets(self.distributions[indices], self.means[indices], self.weights[indices])

    def mixed_with(self, distributions: Tensor, share: float) -> Targets:
        """Return targets that mix in a `share` of other distributions, shape (n, 10)."""
        mixed = (1 - share) * self.distributions + share * distributions
        means = (1 - share) * self.means + share * mean(distributions)
        return Targets(mixed, means, self.weights)

    def extended_with(self, distributions: Tensor) -> Targets:
        """Append further faces with these distributions, shape (m, 10), and a weight of 1."""
        return Targets(
            torch.cat([self.distributions, distributions]),
            torch.cat([self.means, mean(distributions)]),
            torch.cat([self.weights, torch.ones(len(distributions))]),
        )

    def to(self, device: str) -> Targets:
        """Return the targets on another device."""
        parts = (self.distributions, self.means, self.weights)
        return Targets(*(part.to(device) for part in parts))

    def mixed(self, other: Targets, share: Tensor) -> Targets:
        """Blend with `other`: `share` (n,) of these targets, the rest of the others."""
        mine, theirs = share, 1 - share
        return Targets(
            mine[:, None] * self.distributions + theirs[:, None] * other.distributions,
            mine * self.means + theirs * other.means,
            mine * self.weights + theirs * other.weights,
        )


def loss(logits: Tensor, targets: Targets) -> Tensor:
    """Return the weighted mean loss of predicted ratings.

    It is the squared earth mover's distance between the distributions (L. Hou, C.-P. Yu, D.
    Samaras: "Squared Earth Mover's Distance-based Loss for Training Deep Neural Networks", 2016)
    plus a share of the error of the mean.
    """
    predicted = logits.softmax(1)
    steps = predicted.cumsum(1) - targets.distributions.cumsum(1)
    errors = steps.square().sum(1)
    errors = errors + _MEAN_SHARE * functional.smooth_l1_loss(
        mean(predicted), targets.means, reduction="none"
    )
    return (errors * targets.weights).mean()


def mean(distributions: Tensor) -> Tensor:
    """Return the mean rating of each distribution, shape (n, 10) -> (n,)."""
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
