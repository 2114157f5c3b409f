"""The training loop: configuration, device, checkpoints, and the epochs themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attrai.storage import write_atomically
from attrai_training.schedule import TrainState


@dataclass(frozen=True)
class TrainConfig:
    """The hyperparameters of a training run; stored in the metadata of the weights."""

    epochs: int  #: passes over the photos
    batch: int  #: photos a batch
    rate: float  #: the highest learning rate
    side: int  #: the side of the crops, in pixels
    seed: int

    def loop(self, photos: int) -> Loop:
        """Return the training loop over `photos` photos."""
        return Loop(photos, self.epochs, min(self.batch, photos), self.seed)


@dataclass(frozen=True)
class Device:
    """The device to train on: GPU or CPU, and whether half precision is faster there."""

    name: str  #: "cuda" or "cpu"
    half: bool  #: whether to compute in bfloat16
    threads: int  #: CPU threads to use

    @classmethod
    def best(cls, threads: int) -> Self:
        """Return the GPU if there is one, else the CPU."""
        if torch.cuda.is_available():
            return cls("cuda", torch.cuda.is_bf16_supported(), threads)
        abilities = torch.cpu.get_capabilities()
        half = bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
        return cls("cpu", half, threads)

    def restore_threads(self) -> None:
        """Let torch use `threads` threads again, after an inference engine has limited them."""
        torch.set_num_threads(self.threads)

    def autocast(self) -> AbstractContextManager[None]:
        """Return a context in which networks run in half precision where that is faster."""
        return torch.autocast(self.name, torch.bfloat16, enabled=self.half)

    def images(self, images: Tensor) -> Tensor:
        """Move images to the device, in the memory layout that is fastest there."""
        return images.to(self.name, memory_format=torch.channels_last)


class Checkpoint:
    """A file with the state of one training run, to resume it after an interruption."""

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        """Name the file after `run`, which holds everything that the state depends on."""
        key = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()
        self._path = folder / f"training-{key[:32]}.pt"

    def read(self) -> dict[str, Any] | None:
        """Return the saved state; None if there is none or it is damaged."""
        try:
            # Tensors and plain values only: a file from elsewhere can't run code.
            state: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        except Exception:  # noqa: BLE001 - a damaged file makes torch raise nearly anything
            return None
        return state

    def write(self, state: Mapping[str, Any]) -> None:
        """Save the state, replacing the previous one.

        Raises:
            OSError: the file can't be written; the previous state is kept.
        """
        buffer = BytesIO()
        torch.save(dict(state), buffer)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path, buffer.getvalue())

    def delete(self) -> None:
        """Delete the file once the run is over."""
        self._path.unlink(missing_ok=True)


#: Indices of photos in a dataset.
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Loop:
    """The number of epochs over `photos` photos, and their division into batches."""

    photos: int
    epochs: int
    batch: int
    seed: int

    @property
    def batches(self) -> int:
        """The batches in an epoch; photos that don't fill one wait for the next shuffle."""
        return max(1, self.photos // self.batch)

    @property
    def steps(self) -> int:
        """The number of batches over all epochs."""
        return self.epochs * self.batches


@dataclass(frozen=True)
class RunContext:
    """The device, checkpoint and progress callback of a training run."""

    device: Device
    #: Saved after every epoch, to resume an interrupted run.
    checkpoint: Checkpoint
    #: Called with the number of steps done since the last call.
    progress: Callable[[int], None]


def run(
    loop: Loop,
    state: TrainState[Any],
    loss: Callable[[Indices, np.random.Generator], Tensor],
    context: RunContext,
    after_epoch: Callable[[int], bool] = lambda _: True,
) -> None:
    """Train, resuming from the checkpoint if there is one.

    Args:
        loop: the number of epochs and batches.
        state: the network and its optimiser.
        loss: computes the loss of the batch with these indices; randomness comes from the
            generator.
        context: the device, the progress callback, and the checkpoint, which is deleted at the end.
        after_epoch: called with the number of epochs done; returns whether to continue.
    """
    context.device.restore_threads()
    if saved := context.checkpoint.read():
        state.restore(saved)
        context.progress(state.step)
    for epoch in range(state.step // loop.batches, loop.epochs):
        # A generator for each epoch, so that a resumed run repeats exactly what it would have done.
        rng = np.random.default_rng([loop.seed, epoch])
        state.network.train()
        order = rng.permutation(loop.photos)
        for number in range(loop.batches):
            indices = order[number * loop.batch : (number + 1) * loop.batch]
            state.learn(loss(indices, rng))
            context.progress(1)
        if not after_epoch(epoch + 1):
            break
        context.checkpoint.write(state.state())
    context.checkpoint.delete()
