"""A network and what it is to say of a face beside its ratings: what dlib's network says."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from attrai.scoring.training.augmentation import Views
from attrai.scoring.training.device import Device
from attrai.scoring.training.network import FEATURES, ResNet34
from attrai.scoring.training.teacher import SIDE, Teacher

#: The penalty on the first guess of the linear map, and what keeps small variances from blowing
#: up what means nothing.
_RIDGE, _LEAST_DEVIATION = 30.0, 1e-3


class Lesson:
    """What the teacher says of faces: its features and descriptors, standardised."""

    def __init__(self, teacher: Teacher, views: Views, device: Device) -> None:
        """`views` are the faces by which is told how much each number varies."""
        self._teacher = teacher.to(device.name)
        said = torch.cat([self._say(device.images(part)) for part in views.all_plain(SIDE)])
        self._mean, self._deviation = said.mean(0), said.std(0) + _LEAST_DEVIATION
        self.of_plain = (said - self._mean) / self._deviation

    @torch.no_grad()
    def __call__(self, crops: Tensor) -> Tensor:
        """Of RGB crops 0..255, shape (n, 3, 150, 150)."""
        return (self._say(crops) - self._mean) / self._deviation

    @torch.no_grad()
    def _say(self, crops: Tensor) -> Tensor:
        features = self._teacher.features(crops)
        return torch.cat([features, self._teacher.fc(features)], 1).float()


class Pupil(nn.Module):
    """The network with a linear map to what the teacher says."""

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
        """How far what it says by its features is from what the teacher said."""
        return functional.mse_loss(self.head(features).float(), said)


def resized(crops: Tensor, side: int) -> Tensor:
    """Crops of another side."""
    if crops.shape[2] == side:
        return crops
    return functional.interpolate(crops, (side, side), mode="bilinear", antialias=True)
