"""A network that learns to say of faces what teachers say."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from attrai.scoring.training.augmentation import Views
from attrai.scoring.training.device import Device
from attrai.scoring.training.face_network import FaceNetwork
from attrai.scoring.training.network import FEATURES, ResNet34
from attrai.scoring.training.teacher import SIDE

#: The penalty on the first guess of the linear map, and what keeps small variances from blowing
#: up what means nothing.
_RIDGE, _LEAST_DEVIATION = 30.0, 1e-3


class Lesson:
    """What teachers say of faces, standardised so that each teacher counts alike.

    The squares of a teacher's numbers have a mean of 1 over its numbers and the faces, divided by
    the number of teachers.
    """

    def __init__(self, teachers: Sequence[FaceNetwork], views: Views, device: Device) -> None:
        """`views` are the faces by which is told how much each number varies."""
        self._teachers = [teacher.to(device.name) for teacher in teachers]
        parts = [self._say(device.images(part)) for part in views.all_plain(SIDE)]
        said = [torch.cat(part) for part in zip(*parts, strict=True)]
        numbers = torch.tensor([one.shape[1] for one in said])
        #: How much an error in each number counts, 1 in all.
        self.weight = (1 / (len(said) * numbers)).repeat_interleave(numbers).to(device.name)
        joined = torch.cat(said, 1)
        self._mean, self._deviation = joined.mean(0), joined.std(0) + _LEAST_DEVIATION
        self.of_plain = (joined - self._mean) / self._deviation

    @torch.no_grad()
    def __call__(self, crops: Tensor) -> Tensor:
        """Of RGB crops 0..255, shape (n, 3, 150, 150)."""
        return (torch.cat(self._say(crops), 1) - self._mean) / self._deviation

    @torch.no_grad()
    def _say(self, crops: Tensor) -> list[Tensor]:
        return [teacher.describe(crops).float() for teacher in self._teachers]


class Pupil(nn.Module):
    """The network with a linear map to what the teachers say."""

    def __init__(self, network: ResNet34, views: Views, lesson: Lesson, side: int) -> None:
        """The map begins as the best one for the network as it is, by ridge regression.

        Args:
            network: as it is.
            views: the faces of the lesson.
            lesson: what is to be said of them.
            side: of the crops that the network gets, in pixels.
        """
        super().__init__()
        wanted = lesson.of_plain
        self._weight = lesson.weight
        self.network = network.to(wanted.device)
        self.head = nn.Linear(FEATURES, wanted.shape[1]).to(wanted.device)
        with torch.no_grad():
            network.eval()
            parts = (part.to(wanted.device) for part in views.all_plain(side))
            features = torch.cat([network.features(part) for part in parts])
            centre = features.mean(0)
            features = features - centre
            penalty = _RIDGE * torch.eye(FEATURES, device=wanted.device)
            found = torch.linalg.solve(features.T @ features + penalty, features.T @ wanted)
            self.head.weight.copy_(found.T)
            self.head.bias.copy_(-centre @ found)

    def error(self, features: Tensor, said: Tensor) -> Tensor:
        """How far what it says by its features is from what the teachers said."""
        squares = (self.head(features).float() - said).square()
        error: Tensor = (squares @ self._weight).mean()
        return error
