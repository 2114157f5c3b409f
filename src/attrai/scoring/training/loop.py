"""Going through the photos again and again: what every kind of training has in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from attrai.scoring.training.checkpoint import Checkpoint
from attrai.scoring.training.device import Device
from attrai.scoring.training.optimisation import Optimisation

#: The places of a batch's photos.
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Loop:
    """How often and in what parts `photos` photos are gone through."""

    photos: int
    epochs: int
    batch: int
    seed: int

    @property
    def batches(self) -> int:
        """In an epoch; the photos that fill no batch wait for another order."""
        return max(1, self.photos // self.batch)

    @property
    def steps(self) -> int:
        """In all."""
        return self.epochs * self.batches


@dataclass(frozen=True)
class Conditions:
    """Where a network is trained."""

    device: Device
    #: Where the state is kept after every epoch, to go on from after an interruption.
    checkpoint: Checkpoint
    #: Called with the number of steps done since the last call.
    progress: Callable[[int], None]


def run(
    loop: Loop,
    optimisation: Optimisation[Any],
    loss: Callable[[Places, np.random.Generator], Tensor],
    conditions: Conditions,
    after_epoch: Callable[[int], bool] = lambda _: True,
) -> None:
    """Trains, from where the checkpoint stands.

    Args:
        loop: how long.
        optimisation: what learns.
        loss: of a batch of these photos, with chance from the generator.
        conditions: the checkpoint is deleted at the end.
        after_epoch: called with the number of epochs done; whether to go on.
    """
    conditions.device.take_threads()
    if state := conditions.checkpoint.read():
        optimisation.restore(state)
        conditions.progress(optimisation.step)
    for epoch in range(optimisation.step // loop.batches, loop.epochs):
        # Of this epoch alone, so that an interrupted run goes on as it would have.
        rng = np.random.default_rng([loop.seed, epoch])
        optimisation.network.train()
        order = rng.permutation(loop.photos)
        for number in range(loop.batches):
            places = order[number * loop.batch : (number + 1) * loop.batch]
            optimisation.learn(loss(places, rng))
            conditions.progress(1)
        if not after_epoch(epoch + 1):
            break
        conditions.checkpoint.write(optimisation.state())
    conditions.checkpoint.delete()
