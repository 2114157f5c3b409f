"""Answers that end too early, as on a network that fails."""

from __future__ import annotations

import asyncio

import uvicorn.protocols.http.h11_impl
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


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
