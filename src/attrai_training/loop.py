"""The training loop: the device, checkpoints, and steps of AdamW with averaged weights.

I. Loshchilov, F. Hutter: "Decoupled Weight Decay Regularization", ICLR 2019; L. N. Smith, N. Topin:
"Super-Convergence", 2018, for the learning rate; the averaged weights do better than the last ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel

from attrai.storage import write_atomically

#: Indices of faces or views.
Indices = NDArray[np.int64]

#: The norm to which gradients are clipped.
_MAX_GRADIENT_NORM = 5.0
#: The decay of the moving average of the weights, and the steps in which it rises to that.
_AVERAGING, _FIRST_STEPS = 0.995, 9
#: The steps between two checkpoints.
_EPOCH = 100


@dataclass(frozen=True)
class TrainConfig:
    """The hyperparameters of a training; stored in the metadata of the weights."""

    steps: int  #: batches
    rate: float  #: the highest learning rate
    head_factor: float  #: the heads' learning rate, as a multiple of that
    decay: float  #: AdamW's weight decay
    batch: int = 64
    warm_up: float = 0.05  #: the share of the steps during which the rate rises
    seed: int = 0


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

    def images(self, crops: NDArray[np.uint8]) -> Tensor:
        """Move crops of shape (n, h, w, 3) to the device, as (n, 3, h, w) in 0..255."""
        # Seen as (n, 3, h, w), their channels come last in memory, which is fastest.
        return torch.from_numpy(crops).to(self.name).permute(0, 3, 1, 2).float()


class Checkpoint:
    """A file with the state of one training, to resume it after an interruption."""

    def __init__(self, folder: Path, run: Sequence[Any]) -> None:
        """Name the file after `run`, which holds everything that the state depends on."""
        key = hashlib.sha256(json.dumps(run).encode()).hexdigest()
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


@dataclass(frozen=True)
class Pool:
    """What a part of every batch is drawn from."""

    indices: Indices
    share: float = 1  #: of a batch


@dataclass(frozen=True)
class RunContext:
    """The device, checkpoint and progress callback of a training."""

    device: Device
    #: Saved every hundred steps.
    checkpoint: Checkpoint
    #: Called with the number of steps done since the last call.
    progress: Callable[[int], None]


def train(  # noqa: PLR0913, PLR0917 - it knows nothing of what it trains
    network: nn.Module,
    heads: Sequence[nn.Module],
    pools: Sequence[Pool],
    prepare: Callable[[], None],
    loss: Callable[[Indices], Tensor],
    config: TrainConfig,
    context: RunContext,
) -> dict[str, Any]:
    """Train a network in place and return the averaged weights, on the CPU.

    Args:
        network: the network; its weights end as the last ones.
        heads: the parts of it that learn faster.
        pools: what to learn from; their shares sum to 1.
        prepare: called before the first step, unless the training is resumed.
        loss: computes the loss of the batch with these indices.
        config: the hyperparameters.
        context: the device, the progress callback, and the checkpoint, from which an interrupted
            training goes on, and which is deleted at the end.
    """
    context.device.restore_threads()
    average = AveragedModel(network, avg_fn=_averaged, use_buffers=True)
    of_heads = [parameter for head in heads for parameter in head.parameters()]
    fast = {id(parameter) for parameter in of_heads}
    body = [parameter for parameter in network.parameters() if id(parameter) not in fast]
    rates = [config.rate, config.rate * config.head_factor]
    optimizer = torch.optim.AdamW(
        [{"params": body}, {"params": of_heads}],
        lr=config.rate,
        weight_decay=config.decay,
        fused=True,  # in one pass over memory, which on a CPU is three times as fast
    )
    # A hair more, because torch divides by zero where the rate rises for exactly one step.
    rising = config.warm_up * (1 + 1e-9)
    schedule = OneCycleLR(optimizer, rates, config.steps, pct_start=rising, cycle_momentum=False)
    parts: dict[str, Any] = {
        "network": network,
        "average": average,
        "optimizer": optimizer,
        "schedule": schedule,
    }
    step = 0
    if saved := context.checkpoint.read():
        step = saved["step"]
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        context.progress(step)
    else:
        prepare()
    while step < config.steps:
        # A generator for each epoch, so that a resumed run repeats exactly what it would have done.
        rng = np.random.default_rng([config.seed, step])
        for indices in _batches(pools, config, rng)[: config.steps - step]:
            network.train()
            optimizer.zero_grad()
            loss(indices).backward()
            nn.utils.clip_grad_norm_(network.parameters(), _MAX_GRADIENT_NORM)
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            step += 1
            context.progress(1)
        states = {name: part.state_dict() for name, part in parts.items()}
        context.checkpoint.write({"step": step, **states})
    context.checkpoint.delete()
    return {name: tensor.cpu() for name, tensor in average.module.state_dict().items()}


def _averaged(average: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
    keep = min(_AVERAGING, int(count) / (_FIRST_STEPS + int(count)))
    return new if not new.dtype.is_floating_point else torch.lerp(new, average, keep)


def _batches(pools: Sequence[Pool], config: TrainConfig, rng: np.random.Generator) -> list[Indices]:
    """Return the batches of an epoch."""
    drawn = []
    for pool in pools:
        count = max(1, round(config.batch * pool.share))
        rounds = -(-_EPOCH * count // len(pool.indices))
        order = np.concatenate([rng.permutation(pool.indices) for _ in range(rounds)])
        drawn.append(order[: _EPOCH * count].reshape(_EPOCH, count))
    return list(np.concatenate(drawn, axis=1))
