"""Training targets from teachers: pseudo labels for rated faces, and for unrated ones too.

They let a network train for long without memorising the few rated photos: G. Hinton, O. Vinyals, J.
Dean: "Distilling the Knowledge in a Neural Network", 2015.
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
from attrai_training.pseudo_labels import PseudoLabels
from attrai_training.teachers import FaceNetwork

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
