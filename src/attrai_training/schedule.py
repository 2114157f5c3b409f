"""One run of training: the optimiser, its schedule, and the mean of the weights it goes through."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

NetworkT = TypeVar("NetworkT", bound=nn.Module)

#: What gradients are cut to.
_LONGEST_GRADIENT = 5.0
#: The share of the highest rate that the first step has.
_FIRST = 0.04


@dataclass(frozen=True)
class LRSchedule:
    """How fast a network learns over a run: warm-up, then a cosine down to nothing."""

    steps: int
    rate: float  #: the highest learning rate
    head_factor: float  #: how much faster the head learns
    warm_up: float  #: the share of the steps in which the rate rises
    decay: float  #: AdamW's weight decay
    averaging: float  #: how much of the mean of the weights stays at a step

    def at(self, step: int) -> float:
        """The learning rate of a step."""
        done, rising = step / self.steps, self.warm_up
        if done < rising:
            return self.rate * (_FIRST + (1 - _FIRST) * done / rising)
        return self.rate * (1 + math.cos(math.pi * (done - rising) / (1 - rising))) / 2


class TrainState(Generic[NetworkT]):
    """AdamW (I. Loshchilov, F. Hutter, ICLR 2019) on a network, in steps."""

    def __init__(self, network: NetworkT, head: nn.Module, schedule: LRSchedule) -> None:
        """`head` is the part of the network that knows nothing yet."""
        self.network = network
        #: The moving mean of the weights, which does better than the last ones.
        self.average = copy.deepcopy(network)
        self.step = 0
        #: What else is to be known when it goes on.
        self.kept: dict[str, Any] = {}
        self._pace = schedule
        of_head = {id(parameter) for parameter in head.parameters()}
        body = [p for p in network.parameters() if id(p) not in of_head]
        groups = [
            {"params": body, "factor": 1.0},
            {"params": list(head.parameters()), "factor": schedule.head_factor},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=schedule.rate, weight_decay=schedule.decay)

    def learn(self, loss: Tensor) -> None:
        """Takes one step down the gradient of `loss`."""
        rate = self._pace.at(self.step)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), _LONGEST_GRADIENT)
        self._optimizer.step()
        self.step += 1
        self._take_mean()

    @torch.no_grad()
    def _take_mean(self) -> None:
        # At first the mean is of few steps, or it would remember where it began.
        keep = min(self._pace.averaging, self.step / (9 + self.step))
        now = self.network.state_dict()
        for name, mean in self.average.state_dict().items():
            if mean.dtype.is_floating_point:
                mean.lerp_(now[name], 1 - keep)
            else:
                mean.copy_(now[name])

    def state(self) -> dict[str, Any]:
        """All that goes on from here."""
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "kept": self.kept,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a `state`."""
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.kept.update(state["kept"])
