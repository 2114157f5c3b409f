"""Pseudo labels: ratings of faces, predicted from what the teachers see in them.

Kernel ridge regression: C. Saunders, A. Gammerman, V. Vovk: "Ridge Regression Learning Algorithm in
Dual Variables", ICML 1998. It is solved in a second and does better than teachers fine-tuned for
minutes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from attrai_training.loop import Indices

#: The decay of the kernel with the squared distance, and the ridge. Half or twice either changes
#: the correlation with ratings by less than 0.005.
DECAY, RIDGE = 0.2, 0.3
#: The number of folds for out-of-fold predictions on rated photos.
_PARTS = 5
#: The least share of a rating, because a regression may predict less than 0.
_LEAST_SHARE = 1e-3
#: Added to standard deviations so that features that hardly vary aren't amplified into noise.
_LEAST_DEVIATION = 1e-3


class PseudoLabels:
    """Predicted distributions over the ratings, for faces of which some are rated."""

    def __init__(self, kinds: Sequence[Tensor], rated: int) -> None:
        """Compute the kernel between all faces and the rated ones.

        Args:
            kinds: the teachers' features of the faces, several kinds, shape (n, length) each.
            rated: the number of rated faces, which come first.
        """
        # The squared distance is the mean over kinds of the mean over each kind's features.
        seen = torch.cat(
            [_standardised(kind, rated) / (kind.shape[1] * len(kinds)) ** 0.5 for kind in kinds], 1
        )
        likeness = (-DECAY * torch.cdist(seen, seen[:rated]).square()).exp()
        self._rated = rated
        self._likeness = likeness.double()

    def predict_unrated(self, train_indices: Indices, distributions: Tensor) -> Tensor:
        """Predict the distributions of the unrated faces, shape (unrated, 10).

        Args:
            train_indices: the indices of the m rated faces to predict from.
            distributions: the ratings of these, shape (m, 10).
        """
        return self._on(np.arange(self._rated, len(self._likeness)), train_indices, distributions)

    def out_of_fold(self, train_indices: Indices, distributions: Tensor) -> Tensor:
        """Predict the distribution of each rated face from faces of other folds, shape (m, 10).

        Args:
            train_indices: the indices of the m rated faces to predict from, and for.
            distributions: the ratings of these, shape (m, 10).
        """
        part_of = np.random.default_rng(0).permutation(len(train_indices)) % _PARTS
        said = torch.empty_like(distributions)
        for part in range(_PARTS):
            asked = part_of == part
            said[asked] = self._on(
                train_indices[asked], train_indices[~asked], distributions[~asked]
            )
        return said

    def _on(self, asked: Indices, train_indices: Indices, distributions: Tensor) -> Tensor:
        wanted = distributions.double()
        usual = wanted.mean(0)
        among = self._likeness[train_indices][:, train_indices]
        among.diagonal().add_(RIDGE)
        coefficients = torch.linalg.solve(among, wanted - usual)
        said = (usual + self._likeness[asked][:, train_indices] @ coefficients).clamp_min(
            _LEAST_SHARE
        )
        pseudo_labels: Tensor = said / said.sum(1, keepdim=True)
        return pseudo_labels.to(distributions)


def _standardised(kind: Tensor, rated: int) -> Tensor:
    deviation, mean = torch.std_mean(kind[:rated], 0)
    return (kind - mean) / (deviation + _LEAST_DEVIATION)
