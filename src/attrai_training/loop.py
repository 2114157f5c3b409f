"""What a run of training is to do; it is kept in the metadata of the weights.

What a network is trained on.

Where a run of training stands, kept so that it can go on after an interruption.

Going through the photos again and again: what every kind of training has in common.
"""

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
    """How a network learns, and what chance it has."""

    epochs: int  #: how often it sees every photo
    batch: int  #: how many photos it sees at once
    rate: float  #: the highest learning rate
    side: int  #: of the crops it gets, in pixels
    seed: int

    def loop(self, photos: int) -> Loop:
        """Through that many photos."""
        return Loop(photos, self.epochs, min(self.batch, photos), self.seed)


@dataclass(frozen=True)
class Device:
    """The GPU or the CPU, and whether it computes faster in half precision."""

    name: str  #: "cuda" or "cpu"
    half: bool  #: bfloat16
    threads: int  #: how many cores it uses besides

    @classmethod
    def best(cls, threads: int) -> Self:
        """The GPU where there is one."""
        if torch.cuda.is_available():
            return cls("cuda", torch.cuda.is_bf16_supported(), threads)
        abilities = torch.cpu.get_capabilities()
        half = bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
        return cls("cpu", half, threads)

    def take_threads(self) -> None:
        """Uses the cores again that an engine for inference has left to others."""
        torch.set_num_threads(self.threads)

    def computing(self) -> AbstractContextManager[None]:
        """Where networks run in half precision if that is faster."""
        return torch.autocast(self.name, torch.bfloat16, enabled=self.half)

    def images(self, images: Tensor) -> Tensor:
        """Images as the device likes them."""
        return images.to(self.name, memory_format=torch.channels_last)


class Checkpoint:
    """A file that holds the state of one run."""

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        """`run` is all that the state depends on; another one has another file."""
        key = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()
        self._path = folder / f"training-{key[:32]}.pt"

    def read(self) -> dict[str, Any] | None:
        """The state; None where there is none, or it is damaged."""
        try:
            # Tensors and plain values only: a file from elsewhere can run no code.
            state: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        except Exception:  # noqa: BLE001 - a damaged file makes torch raise nearly anything
            return None
        return state

    def write(self, state: Mapping[str, Any]) -> None:
        """Keeps the state in place of the last one.

        Raises:
            OSError: the file can't be written; the last state is still there.
        """
        buffer = BytesIO()
        torch.save(dict(state), buffer)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path, buffer.getvalue())

    def delete(self) -> None:
        """The run is over."""
        self._path.unlink(missing_ok=True)


#: The indices of a batch's photos.
Indices = NDArray[np.int64]


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
class RunContext:
    """Where a network is trained."""

    device: Device
    #: Where the state is kept after every epoch, to go on from after an interruption.
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
    """Trains, from where the checkpoint stands.

    Args:
        loop: how long.
        state: what learns.
        loss: of a batch of these photos, with chance from the generator.
        context: the checkpoint is deleted at the end.
        after_epoch: called with the number of epochs done; whether to go on.
    """
    context.device.take_threads()
    if saved := context.checkpoint.read():
        state.restore(saved)
        context.progress(state.step)
    for epoch in range(state.step // loop.batches, loop.epochs):
        # Of this epoch alone, so that an interrupted run goes on as it would have.
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
