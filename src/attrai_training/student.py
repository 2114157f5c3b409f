"""The student: the network to train, and what it learns of every view.

It learns three things at once: to describe faces as its teachers do, to estimate ages as faceres
does, and the ratings. The first keeps it from learning the rated photos by heart.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from attrai_training.loop import Device, Indices, Pool, RunContext, TrainConfig, train
from attrai_training.network import FEATURES, RATINGS, ScorerNetwork
from attrai_training.views import Views

#: The weights of the errors of descriptions and of ages beside the loss of the ratings, and that of
#: the mean rating within it.
_DESCRIPTION_SHARE, _AGE_SHARE, _MEAN_SHARE = 0.5, 0.1, 0.3
#: The unit of errors of ages, in years.
_AGE_UNIT = 12.0
#: The ridge penalty by which heads are initialised, and the number of views for it.
_RIDGE, _INIT_VIEWS = 30.0, 4096
#: The number of views that the network gets at a time when nothing is learnt.
_AT_ONCE = 128
#: The L2 penalty and the steps of the logistic regression that initialises the head for ratings.
_PENALTY, _STEPS = 0.003, 60
#: Added to standard deviations so that features that hardly vary aren't amplified into noise.
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True)
class Lessons:
    """What is to be learnt of n views."""

    views: Views
    descriptions: Tensor  #: by the teachers, shape (n, length)
    ages: Tensor  #: in years, shape (n, 1), NaN where nothing is to be learnt
    #: Distributions over 1 to 10, shape (n, 10), NaN where nothing is to be learnt; None for none.
    ratings: Tensor | None


class Student(nn.Module):
    """A network in training, with a head that maps its features to the teachers' descriptions."""

    def __init__(self, network: ScorerNetwork, lessons: Lessons, device: Device) -> None:
        super().__init__()
        self.network = network
        self.description = nn.Linear(FEATURES, lessons.descriptions.shape[1])
        self._lessons, self._device = lessons, device
        # As crops lie in memory; else the gradients take three times as long.
        self.to(device.name).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it

    def loss(self, indices: Indices, crops: Tensor) -> Tensor:
        """Return the loss of the views at `indices`, whose crops have the shape (n, 3, h, w)."""
        features = self._features(crops)
        lessons, device = self._lessons, self._device.name
        errors = (self.network.age(features) - lessons.ages[indices].to(device)).nan_to_num()
        loss = _AGE_SHARE / _AGE_UNIT**2 * errors.square().mean()
        errors = self.description(features) - lessons.descriptions[indices].to(device)
        loss = loss + _DESCRIPTION_SHARE * errors.square().sum(1).mean()
        if lessons.ratings is not None:
            logits, wanted = self.network.fc(features), lessons.ratings[indices].to(device)
            loss = loss + ratings_loss(logits, wanted)
        total: Tensor = loss
        return total

    @torch.no_grad()
    def features(self, crops: Tensor) -> Tensor:
        """Return the features that the network has when nothing is learnt, on the CPU."""
        self.network.eval()
        return self._features(crops).cpu()

    def _features(self, crops: Tensor) -> Tensor:
        with self._device.autocast():
            features = self.network.features(crops)
        return features.float()

    @torch.no_grad()
    def initialise_heads(self, features: Tensor, indices: Indices) -> None:
        """Fit the heads that know nothing yet to views' features, shape (n, 512)."""
        _ridge(self.description, features, self._lessons.descriptions[indices])
        ages = self._lessons.ages[indices]
        if not self.network.age.weight.any() and ages.isfinite().all():
            _ridge(self.network.age, features, ages)
        if self._lessons.ratings is not None and not self.network.fc.weight.any():
            known = self._lessons.ratings[indices].isfinite().all(1)
            wanted = self._lessons.ratings[indices][known]
            _logistic(self.network.fc, features[known], wanted)


def learn(
    network: ScorerNetwork,
    lessons: Lessons,
    pools: Sequence[Pool],
    side: int,
    config: TrainConfig,
    context: RunContext,
) -> ScorerNetwork:
    """Train a network, and return it on the CPU with the averages of its weights.

    Args:
        network: the network to start from. Its heads are initialised if they know nothing yet.
        lessons: what there is to learn.
        pools: the views to learn from; see `train`.
        side: the side of the crops that the network gets, in pixels.
        config: the hyperparameters.
        context: the device, the checkpoint and the progress callback.
    """
    device = context.device
    device.restore_threads()
    student = Student(network, lessons, device)
    with ThreadPoolExecutor(device.threads) as threads:

        def crops(indices: Indices) -> Tensor:
            return device.images(lessons.views.draw(indices, side, threads))

        def initialise_heads() -> None:
            every = np.concatenate([pool.indices for pool in pools])
            some = np.random.default_rng(config.seed).permutation(every)[:_INIT_VIEWS]
            parts = np.array_split(some, -(-len(some) // _AT_ONCE))
            features = torch.cat([student.features(crops(part)) for part in parts])
            student.initialise_heads(features, some)

        average = train(
            student,
            [student.description, network.age, network.fc],
            pools,
            initialise_heads,
            lambda indices: student.loss(indices, crops(indices)),
            config,
            context,
        )
    student.load_state_dict(average)
    return network.cpu().eval()


def ratings_loss(logits: Tensor, distributions: Tensor) -> Tensor:
    """Return the mean loss of predicted ratings, both of shape (n, 10); NaN are not learnt.

    It is the squared earth mover's distance (L. Hou, C.-P. Yu, D. Samaras: "Squared Earth Mover's
    Distance-based Loss for Training Deep Neural Networks", 2016) plus a share of the error of the
    mean.
    """
    known = distributions.isfinite().all(1)
    predicted, distributions = logits[known].softmax(1), distributions[known]
    steps = (predicted - distributions).cumsum(1)
    error = functional.smooth_l1_loss(mean_rating(predicted), mean_rating(distributions))
    return steps.square().sum(1).mean() + _MEAN_SHARE * error


def mean_rating(distributions: Tensor) -> Tensor:
    """Return the mean rating of each distribution, shape (n, 10) -> (n,)."""
    ratings = torch.arange(1, RATINGS + 1, dtype=distributions.dtype, device=distributions.device)
    return distributions @ ratings


def _ridge(layer: nn.Linear, features: Tensor, wanted: Tensor) -> None:
    """Fit `layer` by ridge regression."""
    centre, usual = features.mean(0), wanted.mean(0)
    x = features - centre
    solved = torch.linalg.solve(x.T @ x + _RIDGE * torch.eye(x.shape[1]), x.T @ (wanted - usual))
    layer.weight.copy_(solved.T)
    layer.bias.copy_(usual - centre @ solved)


@torch.enable_grad()
def _logistic(layer: nn.Linear, features: Tensor, wanted: Tensor) -> None:
    """Fit `layer` by logistic regression, so that training does not begin by spoiling features.

    A. Kumar, A. Raghunathan, R. Jones, T. Ma, P. Liang: "Fine-Tuning can Distort Pretrained
    Features and Underperform Out-of-Distribution", ICLR 2022.
    """
    deviation, mean = torch.std_mean(features, 0)
    deviation = deviation + _LEAST_DEVIATION
    x = (features - mean) / deviation
    weight = torch.zeros(layer.weight.shape, requires_grad=True)
    bias = wanted.mean(0).clamp_min(_LEAST_DEVIATION).log().requires_grad_()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def error() -> Tensor:
        optimizer.zero_grad()
        entropy = functional.cross_entropy(x @ weight.T + bias, wanted)
        total = entropy + _PENALTY * weight.square().sum()
        total.backward()
        return total

    optimizer.step(error)
    with torch.no_grad():
        layer.weight.copy_(weight / deviation)
        layer.bias.copy_(bias - layer.weight.cpu() @ mean)
