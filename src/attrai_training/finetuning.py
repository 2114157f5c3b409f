"""How a ResNet34 learns ratings from labelled photos."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attrai_training.augmentation import Views, blended
from attrai_training.dlib_network import SIDE
from attrai_training.last_layer import level, logistic_regression
from attrai_training.loop import Indices, RunContext, TrainConfig, run
from attrai_training.network import ResNet34, resized
from attrai_training.ratings import Targets, loss
from attrai_training.schedule import LRSchedule, TrainState

#: How many of a batch are blends of two faces, with the blend of their ratings: mix-up (H. Zhang,
#: M. Cisse, Y. N. Dauphin, D. Lopez-Paz, ICLR 2018).
_BLENDED = 0.6
#: Training ends when for so many epochs nothing has become better on the photos kept for that.
_PATIENCE = 3


@dataclass(frozen=True)
class TrainingSet:
    """Faces and their ratings."""

    views: Views
    targets: Targets


def fit(
    network: ResNet34,
    training_set: TrainingSet,
    config: TrainConfig,
    context: RunContext,
    validation: TrainingSet | None = None,
) -> ResNet34:
    """The network once it has learnt, on the CPU; its scores of these faces have no bias.

    Args:
        network: what it starts as.
        training_set: what is learnt.
        config: how long and how fast.
        context: where it learns.
        validation: photos that are not learnt from; training ends when it gets no better on them,
            and the network is as it was when it did best. None to go on to the end.
    """
    device = context.device
    device.take_threads()
    network.to(device.name)
    if not network.fc.weight.any():
        features = _features(network, training_set.views, config.side)
        logistic_regression(network.fc, features, training_set.targets.to(device.name))
    loop = config.loop(len(training_set.views))
    schedule = LRSchedule(
        loop.steps, config.rate, head_factor=1, warm_up=0.05, decay=0.02, averaging=0.99
    )
    state = TrainState(network, network.fc, schedule)
    best = _Best(state.kept)

    def loss_of(indices: Indices, rng: np.random.Generator) -> Tensor:
        crops, targets = _mixed(training_set, indices, rng)
        crops = device.images(crops)
        with device.computing():
            logits = network(resized(crops, config.side))
        return loss(logits.float(), targets.to(device.name))

    def improves(epoch: int) -> bool:
        average = state.average
        return validation is None or best.improves(average, validation, config.side, epoch)

    run(loop, state, loss_of, context, improves)
    average = state.average
    average.load_state_dict(best.weights or average.state_dict())
    logits = _logits(average, training_set.views, config.side)
    average.cpu()
    level(average.fc, logits, training_set.targets)
    return average


@torch.no_grad()
def _features(network: ResNet34, views: Views, side: int) -> Tensor:
    # As in training: where a network knows nothing yet, norms have no other statistics.
    network.train()
    device = next(network.parameters()).device
    return torch.cat([network.features(part.to(device)) for part in views.all_plain(side)])


def _mixed(
    training_set: TrainingSet, indices: Indices, rng: np.random.Generator
) -> tuple[Tensor, Targets]:
    """Views of some faces, most of them blended with another's."""
    views, targets = training_set.views.varied(indices, SIDE, rng), training_set.targets[indices]
    blends = round(_BLENDED * len(indices))
    share = np.concatenate([rng.uniform(size=blends), np.ones(len(indices) - blends)])
    others, shares = rng.permutation(len(indices)), torch.from_numpy(share).float()
    return blended(views, views[others], shares), targets.mixed(targets[others], shares)


class _Best:
    """The weights that did best on the validation."""

    def __init__(self, kept: dict[str, Any]) -> None:
        """`kept` goes into the checkpoint."""
        self._kept = kept

    @property
    def weights(self) -> Mapping[str, Tensor] | None:
        """None before the first judgement."""
        return self._kept.get("weights")

    def improves(self, network: ResNet34, validation: TrainingSet, side: int, epoch: int) -> bool:
        """Judges the network; whether it has improved within the last epochs."""
        error = loss(_logits(network, validation.views, side), validation.targets).item()
        if error < self._kept.get("error", math.inf):
            self._kept.update(error=error, epoch=epoch, weights=copy.deepcopy(network.state_dict()))
        best_epoch: int = self._kept["epoch"]
        return epoch < best_epoch + _PATIENCE


@torch.no_grad()
def _logits(network: ResNet34, views: Views, side: int) -> Tensor:
    """Of the faces as the scorer gets them, shape (n, 10); on the CPU."""
    network.eval()
    device = next(network.parameters()).device
    return torch.cat([network(part.to(device)).cpu() for part in views.all_plain(side)])
