"""A network that learns to say of faces what teachers say.

How a ResNet34 learns faces: it describes them as networks do that know them.

No rating is looked at, so a network distilled on some photos may be judged on their ratings.
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

#: The penalty on the first guess of the linear map, and what keeps small variances from blowing
#: up what means nothing.
_RIDGE, _LEAST_DEVIATION = 30.0, 1e-3


class DistillationTarget:
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


class Student(nn.Module):
    """The network with a linear map to what the teachers say."""

    def __init__(
        self, network: ResNet34, views: Views, lesson: DistillationTarget, side: int
    ) -> None:
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


#: The share of a batch that are blends of two: faces that nobody has.
_BLENDS = 0.4
#: The share of a face in a blend.
_SHARES = (0.3, 0.7)
#: The side of the crops that the network gets, by what it will get later, and how often each.
_SIDES, _SIDE_ODDS = (0.875, 1, 1.125), (0.3, 0.5, 0.2)
#: How many photos the growing looks at.
_GROWN_ON = 128


def distil(
    teacher: Teacher,
    others: Sequence[FaceNetwork],
    views: Views,
    config: TrainConfig,
    context: RunContext,
) -> ResNet34:
    """A network that knows faces as its teachers do, and no ratings; on the CPU.

    Args:
        teacher: dlib's network, which it grows out of.
        others: networks whose view of faces it learns as well.
        views: the faces to learn from.
        config: how long, and from what chance.
        context: where it learns.
    """
    device = context.device
    indices = np.random.default_rng(config.seed).permutation(len(views))[:_GROWN_ON]
    torch.manual_seed(config.seed)
    network = net2net(teacher, views.plain(indices, config.side))
    lesson = DistillationTarget([teacher, *others], views, device)
    student = Student(network, views, lesson, config.side)

    def loss(indices: Indices, rng: np.random.Generator) -> Tensor:
        crops = device.images(_crops(views, indices, rng))
        side = round(config.side * rng.choice(_SIDES, p=_SIDE_ODDS))
        with device.computing():
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
    crops = views.varied(indices, SIDE, rng)
    blends = round(_BLENDS * len(indices))
    others = crops[torch.from_numpy(rng.permutation(len(indices))[:blends])]
    share = torch.from_numpy(rng.uniform(*_SHARES, blends)).float()
    return torch.cat([blended(crops[:blends], others, share), crops[blends:]])
