"""What a network is taught beside the ratings: pseudo_labels, on faces that nobody has rated too.

They are what lets it learn for long without learning the few photos by heart: G. Hinton, O.
Vinyals, J. Dean: "Distilling the Knowledge in a Neural Network", 2015.
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

#: The share of the opinion on a rated face in what is taught of it.
_OPINION = 0.5


class TeacherTargets:
    """Teachers who have seen all photos."""

    def __init__(
        self,
        teachers: Sequence[FaceNetwork],
        dataset: Dataset,
        device: Device,
        progress: Callable[[int], None],
    ) -> None:
        """Has the teachers look.

        Args:
            teachers: networks that know faces.
            dataset: the photos.
            device: where the teachers compute.
            progress: called with the number of photos that they have seen since the last call.
        """
        device.take_threads()
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

    def training_set(self, learnt: Indices) -> TrainingSet:
        """Those of rated photos, and of all unrated ones, by the ratings of the former alone."""
        targets = self._dataset.training_set(learnt).targets
        rated = targets.distributions
        each_other = self._pseudo_labels.out_of_fold(learnt, rated)
        unrated = self._pseudo_labels.for_unrated(learnt, rated)
        return TrainingSet(
            self._dataset.views_with_unrated(learnt),
            targets.nearer_to(each_other, _OPINION).and_of(unrated),
        )


@torch.no_grad()
def _seen(teachers: Sequence[FaceNetwork], crops: Tensor, device: Device) -> list[Tensor]:
    part = device.images(crops)
    with device.computing():
        return [kind.cpu() for teacher in teachers for kind in teacher.see(part)]
