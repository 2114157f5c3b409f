"""Networks that have learnt the ratings first, and guide the one that is learning them.

They say of every crop, of blends too, what nobody has rated, so that the ResNet34 can learn for
long without learning the few photos by heart (G. Hinton, O. Vinyals, J. Dean: "Distilling the
Knowledge in a Neural Network", 2015).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from attrai.scoring.training.network import rating_layer
from attrai.scoring.training.pupil import Lesson, Pupil
from attrai.scoring.training.teacher import DESCRIPTOR, Teacher

#: How much what the guides say counts, and what the teacher says, beside the ratings.
_GUIDED, _DESCRIBED = 2.0, 0.2


class Rater(nn.Module):
    """dlib's network with a layer for the ratings: RGB crops 0..255 of 150 pixels -> logits."""

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self.teacher = teacher.requires_grad_()
        self.fc = rating_layer(DESCRIPTOR)

    def features(self, crops: Tensor) -> Tensor:
        """Shape (n, 3, 150, 150) -> (n, 128)."""
        descriptors: Tensor = self.teacher(crops)
        return descriptors

    def forward(self, crops: Tensor) -> Tensor:
        """Shape (n, 3, 150, 150) -> (n, 10)."""
        logits: Tensor = self.fc(self.features(crops))
        return logits


class Guide:
    """What a network is told of crops beside their ratings."""

    def __init__(self, raters: Sequence[Rater], lesson: Lesson, pupil: Pupil) -> None:
        """`pupil` is the network that is guided."""
        self._raters = [rater.eval().requires_grad_(requires_grad=False) for rater in raters]
        self._lesson = lesson
        self.pupil = pupil

    def loss(self, crops: Tensor, features: Tensor, logits: Tensor) -> Tensor:
        """How far the network is from it.

        Args:
            crops: RGB 0..255, shape (n, 3, 150, 150).
            features: what the network sees in them, shape (n, 512).
            logits: how it rates them, shape (n, 10).
        """
        with torch.no_grad():
            said = torch.stack([rater(crops).float().softmax(1) for rater in self._raters])
        predicted = logits.float().log_softmax(1)
        guided = functional.kl_div(predicted, said.mean(0), reduction="batchmean")
        return _GUIDED * guided + _DESCRIBED * self.pupil.error(features, self._lesson(crops))
