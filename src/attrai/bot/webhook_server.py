"""The HTTP server of a webhook: nobody but Telegram gets in, and no more is read than an update."""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from attrai.bot.handling import TEMPORARY
from attrai.lifecycle.http_server import HttpServer
from attrai.telegram.webhooks import SECRET_HEADER

log = structlog.get_logger(__name__)

#: How many updates are handled at a time.
THREADS = 40
#: Maximum size of an update, in bytes. Telegram's largest are a fraction of that.
MAX_BODY = 10**6
#: Maximum seconds until the body of a request has come.
_BODY_SECONDS = 15


class WebhookServer:
    """A server for POST requests with an update, at one path.

    It answers 200 once an update is handled, and 503 if Telegram is to send it again.
    """

    def __init__(
        self,
        path: str,
        secret: str,
        handle: Callable[[Any], None],
        on_heartbeat: Callable[[], None],
    ) -> None:
        """Prepare to serve.

        Args:
            path: the only path that is served.
            secret: what Telegram sends to authenticate itself.
            handle: handles an update, in several threads at a time. It is called again later if it
                raises one of `TEMPORARY`.
            on_heartbeat: called every few seconds in one of these threads.
        """
        self._secret = secret.encode()
        self._handle = handle
        self._server = HttpServer("webhook", THREADS, on_heartbeat)
        self._app = Starlette(
            routes=[Route(path, self._receive, methods=["POST"])], lifespan=self._server.lifespan
        )
        self._app.router.redirect_slashes = False
        #: The number of updates that are being received or handled.
        self.in_progress = 0

    def running(
        self, listener: socket.socket, certificate: Path | None, key: Path | None
    ) -> AbstractContextManager[None]:
        """Serve in a thread during the block; its end waits for the requests in progress.

        Args:
            listener: where to listen; it is closed at the end.
            certificate: for TLS, in PEM; None for plain HTTP, behind a proxy.
            key: the key of the certificate, unless that is in the same file.

        Raises:
            OSError: the certificate and the key can't be used.
        """
        return self._server.running(
            self._app,
            listener,
            http="h11",
            ssl_certfile=certificate,
            ssl_keyfile=key,
            # For a key that needs one, for which OpenSSL would ask at the terminal.
            ssl_keyfile_password="-",  # noqa: S106 - it opens nothing
        )

    async def _receive(self, request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "").encode("latin-1")
        if not hmac.compare_digest(given, self._secret):
            return Response(status_code=HTTPStatus.FORBIDDEN)
        self.in_progress += 1
        try:
            return Response(status_code=await self._status(request))
        finally:
            self.in_progress -= 1

    async def _status(self, request: Request) -> HTTPStatus:
        """Handle the update in a request, and return the status of the answer."""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _read(request)
        except (ClientDisconnect, TimeoutError):
            return HTTPStatus.REQUEST_TIMEOUT
        if body is None:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            return HTTPStatus.BAD_REQUEST
        try:
            await self._server.in_thread(self._handle, update)
        except TEMPORARY as error:
            log.warning("out of reach", reason=type(error).__name__)
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.OK


async def _read(request: Request) -> bytes | None:
    """Return the body of a request, or None if it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)
