"""Fine-tuning: train a ResNet34 on the ratings of labelled photos."""

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
from attrai_training.last_layer import logistic_regression, remove_bias
from attrai_training.loop import Indices, RunContext, TrainConfig, run
from attrai_training.network import ResNet34, resized
from attrai_training.ratings import Targets, loss
from attrai_training.schedule import LRSchedule, TrainState

#: The share of a batch that is blended with another face, ratings included. This is mix-up (H.
#: Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, ICLR 2018).
_BLENDED = 0.6
#: Training ends when the validation loss hasn't improved for this many epochs.
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
    """Train a network on ratings and return it on the CPU, its scores of the training set unbiased.

    Args:
        network: the network to start from.
        training_set: the faces and ratings to learn.
        config: the length, batch size and learning rate.
        context: the device, the checkpoint and the progress callback.
        validation: faces that are not trained on. Training ends when the loss on them stops
            improving, and the best weights are returned. Without them it runs for all epochs.
    """
    device = context.device
    device.restore_threads()
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
        with device.autocast():
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
    remove_bias(average.fc, logits, training_set.targets)
    return average


@torch.no_grad()
def _features(network: ResNet34, views: Views, side: int) -> Tensor:
    # In training mode, because the norms of an untrained network have no statistics but the
    # batch's.
    network.train()
    device = next(network.parameters()).device
    return torch.cat([network.features(part.to(device)) for part in views.all_plain(side)])


def _mixed(
    training_set: TrainingSet, indices: Indices, rng: np.random.Generator
) -> tuple[Tensor, Targets]:
    """Return views of the faces at `indices`, most of them blended with another's."""
    views, targets = (
        training_set.views.augmented_batch(indices, SIDE, rng),
        training_set.targets[indices],
    )
    blends = round(_BLENDED * len(indices))
    share = np.concatenate([rng.uniform(size=blends), np.ones(len(indices) - blends)])
    others, shares = rng.permutation(len(indices)), torch.from_numpy(share).float()
    return blended(views, views[others], shares), targets.mixed(targets[others], shares)


class _Best:
    """The weights with the lowest loss on the validation set."""

    def __init__(self, kept: dict[str, Any]) -> None:
        """Keep the weights in `kept`, which is saved in the checkpoint."""
        self._kept = kept

    @property
    def weights(self) -> Mapping[str, Tensor] | None:
        """The best weights; None before the first evaluation."""
        return self._kept.get("weights")

    def improves(self, network: ResNet34, validation: TrainingSet, side: int, epoch: int) -> bool:
        """Evaluate the network, and return whether it has improved within the last epochs."""
        error = loss(_logits(network, validation.views, side), validation.targets).item()
        if error < self._kept.get("error", math.inf):
            self._kept.update(error=error, epoch=epoch, weights=copy.deepcopy(network.state_dict()))
        best_epoch: int = self._kept["epoch"]
        return epoch < best_epoch + _PATIENCE


@torch.no_grad()
def _logits(network: ResNet34, views: Views, side: int) -> Tensor:
    """Return logits of the unchanged faces, as the scorer gets them, shape (n, 10), on the CPU."""
    network.eval()
    device = next(network.parameters()).device
    return torch.cat([network(part.to(device)).cpu() for part in views.all_plain(side)])
