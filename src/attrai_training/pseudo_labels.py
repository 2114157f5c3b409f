"""Pseudo labels: ratings of faces, predicted from the features that the teachers compute.

Kernel ridge regression: C. Saunders, A. Gammerman, V. Vovk: "Ridge Regression Learning Algorithm in
Dual Variables", ICML 1998. It is solved in a second and does better than teachers fine-tuned for
minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from attrai_training.dataset import Dataset
from attrai_training.dlib_network import SIDE
from attrai_training.finetuning import TrainingSet
from attrai_training.loop import Device, Indices
from attrai_training.teachers import FaceNetwork

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


#: The share of the pseudo label in the target of a rated face.
_PSEUDO_LABEL_SHARE = 0.5


class TeacherTargets:
    """Training sets that combine ratings with the teachers' pseudo labels."""

    def __init__(
        self,
        teachers: Sequence[FaceNetwork],
        dataset: Dataset,
        device: Device,
        progress: Callable[[int], None],
    ) -> None:
        """Compute the teachers' features of all faces.

        Args:
            teachers: networks that were trained on faces.
            dataset: the photos.
            device: the device to run the teachers on.
            progress: called with the number of faces done since the last call.
        """
        device.restore_threads()
        for teacher in teachers:
            teacher.to(device.name)
        seen = []
        everyone = dataset.views_with_unrated(np.arange(len(dataset)))
        for crops in everyone.all_plain(SIDE):
            seen.append(_seen(teachers, crops, device))
            progress(len(crops))
        kinds = [torch.cat(kind) for kind in zip(*seen, strict=True)]
        self._dataset = dataset
        self._pseudo_labels = PseudoLabels(kinds, len(dataset))

    def training_set(self, train_indices: Indices) -> TrainingSet:
        """Return the rated faces at `train_indices` and all unrated faces, with their targets.

        Pseudo labels are predicted from the ratings of the faces at `train_indices` alone.
        """
        targets = self._dataset.training_set(train_indices).targets
        rated = targets.distributions
        each_other = self._pseudo_labels.out_of_fold(train_indices, rated)
        unrated = self._pseudo_labels.predict_unrated(train_indices, rated)
        return TrainingSet(
            self._dataset.views_with_unrated(train_indices),
            targets.mixed_with(each_other, _PSEUDO_LABEL_SHARE).extended_with(unrated),
        )


@torch.no_grad()
def _seen(teachers: Sequence[FaceNetwork], crops: Tensor, device: Device) -> list[Tensor]:
    part = device.images(crops)
    with device.autocast():
        return [kind.cpu() for teacher in teachers for kind in teacher.regression_features(part)]
