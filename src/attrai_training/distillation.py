"""Distillation: train a ResNet34 to describe faces as networks that were trained on faces do.

Ratings are never used, so a network distilled on some photos may be evaluated on their ratings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from attrai_training.augmentation import Views, blended
from attrai_training.dlib_network import SIDE, Teacher
from attrai_training.loop import Device, Indices, RunContext, TrainConfig, run
from attrai_training.net2net import net2net
from attrai_training.network import FEATURES, ResNet34, resized
from attrai_training.schedule import LRSchedule, TrainState
from attrai_training.teachers import FaceNetwork

#: The ridge penalty of the linear map's initialisation, and a constant added to standard deviations
#: so that features that hardly vary aren't amplified into noise.
_RIDGE, _LEAST_DEVIATION = 30.0, 1e-3


class DistillationTarget:
    """The student's target: the teachers' features, standardised so that each teacher counts alike.

    Weighted by `weight`, the squared features of each teacher add up to 1 / teachers on average.
    """

    def __init__(self, teachers: Sequence[FaceNetwork], views: Views, device: Device) -> None:
        """Compute the mean and standard deviation of each feature over the faces in `views`."""
        self._teachers = [teacher.to(device.name) for teacher in teachers]
        parts = [self._features(device.images(part)) for part in views.all_plain(SIDE)]
        said = [torch.cat(part) for part in zip(*parts, strict=True)]
        numbers = torch.tensor([one.shape[1] for one in said])
        #: How much the squared error of each feature counts; sums to 1.
        self.weight = (1 / (len(said) * numbers)).repeat_interleave(numbers).to(device.name)
        joined = torch.cat(said, 1)
        self._mean, self._deviation = joined.mean(0), joined.std(0) + _LEAST_DEVIATION
        self.of_plain = (joined - self._mean) / self._deviation

    @torch.no_grad()
    def __call__(self, crops: Tensor) -> Tensor:
        """Return the target for RGB crops 0..255, shape (n, 3, 150, 150)."""
        return (torch.cat(self._features(crops), 1) - self._mean) / self._deviation

    @torch.no_grad()
    def _features(self, crops: Tensor) -> list[Tensor]:
        return [teacher.embedding(crops).float() for teacher in self._teachers]


class Student(nn.Module):
    """The network with a linear map from its features to the teachers' features."""

    def __init__(
        self, network: ResNet34, views: Views, lesson: DistillationTarget, side: int
    ) -> None:
        """Initialise the linear map by ridge regression on the features of the untrained network.

        Args:
            network: the network to train.
            views: the faces that `lesson` was computed from.
            lesson: the target of the distillation.
            side: the side of the crops that the network gets, in pixels.
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
        """Return the weighted mean squared error between predicted and teachers' features."""
        squares = (self.head(features).float() - said).square()
        error: Tensor = (squares @ self._weight).mean()
        return error


#: The share of a batch that consists of blends of two faces.
_BLENDS = 0.4
#: The range from which the share of the first face in a blend is drawn.
_SHARES = (0.3, 0.7)
#: The sides of the crops in training, as multiples of the final side, and the probability of each.
_SIDES, _SIDE_ODDS = (0.875, 1, 1.125), (0.3, 0.5, 0.2)
#: The number of crops on which batch norms are set at initialisation.
_INIT_CROPS = 128


def distil(
    teacher: Teacher,
    others: Sequence[FaceNetwork],
    views: Views,
    config: TrainConfig,
    context: RunContext,
) -> ResNet34:
    """Train a network to describe faces as its teachers do, and return it on the CPU.

    It has learnt no ratings.

    Args:
        teacher: dlib's network, which also initialises the student.
        others: further networks to learn from.
        views: the faces to train on.
        config: the length of the training, and the seed.
        context: the device, the checkpoint and the progress callback.
    """
    device = context.device
    indices = np.random.default_rng(config.seed).permutation(len(views))[:_INIT_CROPS]
    torch.manual_seed(config.seed)
    network = net2net(teacher, views.plain(indices, config.side))
    lesson = DistillationTarget([teacher, *others], views, device)
    student = Student(network, views, lesson, config.side)

    def loss(indices: Indices, rng: np.random.Generator) -> Tensor:
        crops = device.images(_crops(views, indices, rng))
        side = round(config.side * rng.choice(_SIDES, p=_SIDE_ODDS))
        with device.autocast():
            features = student.network.features(resized(crops, side))
            return student.error(features, lesson(crops))

    loop = config.loop(len(views))
    schedule = LRSchedule(
        loop.steps, config.rate, head_factor=2, warm_up=0.03, decay=1e-4, averaging=0.995
    )
    state = TrainState(student, student.head, schedule)
    run(loop, state, loss, context)
    return state.average.network.cpu().eval()


def _crops(views: Views, indices: Indices, rng: np.random.Generator) -> Tensor:
    crops = views.augmented_batch(indices, SIDE, rng)
    blends = round(_BLENDS * len(indices))
    others = crops[torch.from_numpy(rng.permutation(len(indices))[:blends])]
    share = torch.from_numpy(rng.uniform(*_SHARES, blends)).float()
    return torch.cat([blended(crops[:blends], others, share), crops[blends:]])
