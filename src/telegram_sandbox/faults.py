"""Faults that the sandbox makes on purpose, as Telegram and the network make them by themselves.

Answers that end too early, as on a network that fails.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

import uvicorn.protocols.http.h11_impl
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

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


class CuttableProtocol(uvicorn.protocols.http.h11_impl.H11Protocol):
    """HTTP whose requests know, as `state["abort"]`, how to end their connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Offers to abort the new connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}


class Cut(Response):
    """Closes the connection after a part of an answer, or before one.

    The request's body must have been read.
    """

    def __init__(self, begun: Response | None = None) -> None:
        super().__init__(status_code=begun.status_code if begun else 0)
        self._begun = begun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as far as it goes."""
        if self._begun is not None:
            headers = self._begun.raw_headers
            half = bytes(self._begun.body)[: len(self._begun.body) // 2]
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": headers}
            )
            await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["state"]["abort"]()
        while (await receive())["type"] != "http.disconnect":
            pass
