"""The state of a training run: optimiser, learning rate schedule, and moving average of weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

NetworkT = TypeVar("NetworkT", bound=nn.Module)

#: The norm to which gradients are clipped.
_MAX_GRADIENT_NORM = 5.0
#: The learning rate of the first step, as a share of the highest.
_FIRST = 0.04


@dataclass(frozen=True)
class LRSchedule:
    """A learning rate schedule: linear warm-up, then cosine decay to zero."""

    steps: int
    rate: float  #: the highest learning rate
    head_factor: float  #: the head's learning rate, as a multiple of the body's
    warm_up: float  #: the share of the steps during which the rate rises
    decay: float  #: AdamW's weight decay
    averaging: float  #: the decay of the moving average of the weights

    def at(self, step: int) -> float:
        """Return the learning rate at a step."""
        done, rising = step / self.steps, self.warm_up
        if done < rising:
            return self.rate * (_FIRST + (1 - _FIRST) * done / rising)
        return self.rate * (1 + math.cos(math.pi * (done - rising) / (1 - rising))) / 2


class TrainState(Generic[NetworkT]):
    """A network trained by AdamW (I. Loshchilov, F. Hutter, ICLR 2019), with averaged weights."""

    def __init__(self, network: NetworkT, head: nn.Module, schedule: LRSchedule) -> None:
        """Set up the optimiser; `head` is the part of the network that is still untrained."""
        self.network = network
        #: The moving average of the weights, which does better than the last ones.
        self.average = copy.deepcopy(network)
        self.step = 0
        #: Further values to save in the checkpoint.
        self.kept: dict[str, Any] = {}
        self._schedule = schedule
        of_head = {id(parameter) for parameter in head.parameters()}
        body = [p for p in network.parameters() if id(p) not in of_head]
        groups = [
            {"params": body, "factor": 1.0},
            {"params": list(head.parameters()), "factor": schedule.head_factor},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=schedule.rate, weight_decay=schedule.decay)

    def learn(self, loss: Tensor) -> None:
        """Take one step down the gradient of `loss`."""
        rate = self._schedule.at(self.step)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), _MAX_GRADIENT_NORM)
        self._optimizer.step()
        self.step += 1
        self._update_average()

    @torch.no_grad()
    def _update_average(self) -> None:
        # A shorter average at first, so that the initial weights are soon forgotten.
        keep = min(self._schedule.averaging, self.step / (9 + self.step))
        now = self.network.state_dict()
        for name, mean in self.average.state_dict().items():
            if mean.dtype.is_floating_point:
                mean.lerp_(now[name], 1 - keep)
            else:
                mean.copy_(now[name])

    def state(self) -> dict[str, Any]:
        """Return everything that is needed to resume training."""
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "kept": self.kept,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resume from a saved `state`."""
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.kept.update(state["kept"])
