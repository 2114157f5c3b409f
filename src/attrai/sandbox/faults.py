"""Faults that the sandbox makes on purpose, as Telegram and the network make them by themselves."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

FaultName = Literal["too_many", "server_error", "cut", "timeout", "cut_after"]


@dataclass(frozen=True)
class Faults:
    """How probable each fault is at a call, 0 to 1; at most one of them happens.

    Raises:
        ValueError: the probabilities are none, or are more than 1 in all.
    """

    #: Answers 429, with `retry_after` seconds.
    too_many: float = 0.0
    #: Answers 500 or 502, in JSON or with a gateway's page.
    server_error: float = 0.0
    #: Closes the connection and does nothing.
    cut: float = 0.0
    #: Is silent for `silence` seconds, then closes the connection; does nothing.
    timeout: float = 0.0
    #: Does what was asked, then closes the connection; a file's download ends half-way.
    cut_after: float = 0.0
    retry_after: int = 1
    silence: float = 30.0
    #: The methods at which faults happen, "file" being the download; None for all.
    methods: Collection[str] | None = None

    def __post_init__(self) -> None:
        rates = [getattr(self, name) for name in get_args(FaultName)]
        if min(rates) < 0 or sum(rates) > 1:
            raise ValueError(f"the rates {rates} are no probabilities")

    def draw(self, method: str, chance: random.Random) -> FaultName | None:
        """The fault that happens at a call of `method`, if any."""
        drawn = chance.random()
        if self.methods is not None and method not in self.methods:
            return None
        names: tuple[FaultName, ...] = get_args(FaultName)
        for name in names:
            drawn -= getattr(self, name)
            if drawn < 0:
                return name
        return None


NO_FAULTS = Faults()
