"""Fault injection: the errors and broken connections that Telegram and the network produce."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

import uvicorn.protocols.http.h11_impl
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FaultName = Literal[
    "rate_limited", "server_error", "drop_before", "timeout", "drop_after", "garbled", "refused"
]


@dataclass(frozen=True)
class Faults:
    """The probability of each fault per call, 0 to 1; at most one happens in a call.

    Raises:
        ValueError: a probability is negative, or their sum is more than 1.
    """

    #: The answer is 429, with `retry_after` seconds.
    rate_limited: float = 0.0
    #: The answer is 500 or 502, as JSON or as a gateway's HTML page.
    server_error: float = 0.0
    #: The connection is closed, and the call is not carried out.
    drop_before: float = 0.0
    #: The connection is closed after `timeout_seconds`, and the call is not carried out.
    timeout: float = 0.0
    #: The call is carried out, then the connection is closed; a download ends half-way.
    drop_after: float = 0.0
    #: The call is carried out, and its answer is cut in half, so that it is no JSON.
    garbled: float = 0.0
    #: The answer is 400, with the description `refusal`.
    refused: float = 0.0
    retry_after: int = 1
    timeout_seconds: float = 30.0
    refusal: str = "IMAGE_PROCESS_FAILED"
    #: The methods that faults are limited to, "file" being a download, and "webhook" an update that
    #: is sent to the bot's webhook; None for all methods.
    methods: Collection[str] | None = None

    def __post_init__(self) -> None:
        rates = [getattr(self, name) for name in get_args(FaultName)]
        if min(rates) < 0 or sum(rates) > 1:
            raise ValueError(f"the rates {rates} are not probabilities")

    def draw(self, method: str, rng: random.Random) -> FaultName | None:
        """Draw the fault for a call of `method`; None means no fault."""
        drawn = rng.random()
        if self.methods is not None and method not in self.methods:
            return None
        names: tuple[FaultName, ...] = get_args(FaultName)
        for name in names:
            drawn -= getattr(self, name)
            if drawn < 0:
                return name
        return None


NO_FAULTS = Faults()


class AbortableProtocol(uvicorn.protocols.http.h11_impl.H11Protocol):
    """An HTTP/1.1 protocol whose requests can abort their connection by `state["abort"]()`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Store the abort function of the new connection in the state of its requests."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}


class AbortedResponse(Response):
    """A response that aborts the connection, after half of the body of `partial` or with no answer.

    The request's body must have been read.
    """

    def __init__(self, partial: Response | None = None) -> None:
        super().__init__(status_code=partial.status_code if partial else 0)
        self._partial = partial

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and half of the body, if any, and abort the connection."""
        if self._partial is not None:
            headers = self._partial.raw_headers
            half = bytes(self._partial.body)[: len(self._partial.body) // 2]
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": headers}
            )
            await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["state"]["abort"]()
        while (await receive())["type"] != "http.disconnect":
            pass
