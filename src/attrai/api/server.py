"""The HTTP server: its routes, threads and limits, and what it says of errors."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attrai.api.connections import Connection
from attrai.api.documents import openapi
from attrai.api.keys import ApiKeys
from attrai.api.photos import Photos
from attrai.api.problems import BAD_REQUEST, NOT_FOUND, UNAUTHORIZED, Problem, accepted_locale
from attrai.api.routes import Routes
from attrai.api.waiting import Waiting
from attrai.errors import INTERNAL
from attrai.lifecycle.http_server import HttpServer
from attrai.outages import OUTAGES

log = structlog.get_logger(__name__)

#: How many requests wait for a server at a time.
_THREADS = 16
#: Seconds for which it is believed that the servers are up.
_READY_SECONDS = 2.0
#: Seconds after which a client may ask again that met an outage.
_OUTAGE_SECONDS = 5
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_STATIC = Path(__file__).with_name("static")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NO_STORE = {"Cache-Control": "no-store"}


class ApiServer:
    """A server for the HTTP interface."""

    def __init__(
        self,
        photos: Photos,
        keys: ApiKeys | None,
        limit_mb: int,
        is_ready: Callable[[], bool],
        on_heartbeat: Callable[[], None],
    ) -> None:
        """Prepare to serve.

        Args:
            photos: what is served.
            keys: the accepted keys; None if none is asked for, which is only safe on loopback.
            limit_mb: the maximum size of a photo.
            is_ready: returns whether photos can be admitted, as far as one can tell.
            on_heartbeat: called every few seconds in one of the threads that handle requests.
        """
        self._is_ready = is_ready
        self._ready_at: float | None = None
        self._server = server = HttpServer("api", _THREADS, on_heartbeat)
        self._waiting = Waiting(lambda ids: server.in_thread(photos.unfinished, ids))
        routes = Routes(photos, keys, self._waiting, server.in_thread, limit_mb)
        self._document = openapi(limit_mb, keys=keys is not None)
        middleware = [Middleware(_Log)]
        if keys is None:
            middleware.append(Middleware(_LocalOnly))
        self._app = Starlette(
            routes=[
                Route("/v1/photos", routes.post, methods=["POST"]),
                Route("/v1/photos/{id}", routes.photo, methods=["GET", "DELETE"]),
                Route("/v1/photos/{id}/picture", routes.picture),
                Route("/openapi.json", self._describe),
                Route("/docs", _page),
                Mount("/docs", StaticFiles(directory=_STATIC)),
                Route("/healthz", _say_healthy),
                Route("/readyz", self._say_ready),
            ],
            middleware=middleware,
            exception_handlers={
                Problem: _answer_problem,
                HTTPException: _answer_http_exception,
                ClientDisconnect: _ignore_disconnect,
                OSError: _answer_outage,
                Exception: _answer_error,
                **dict.fromkeys(OUTAGES, _answer_outage),
            },
            lifespan=server.lifespan,
        )
        self._app.router.redirect_slashes = False

    @property
    def in_progress(self) -> int:
        """The number of requests that are not answered yet."""
        return self._server.in_progress

    def running(
        self, listener: socket.socket, *, hurry: bool = True
    ) -> AbstractContextManager[None]:
        """Serve in a thread during the block; its end waits for the requests in progress.

        Args:
            listener: where to listen; it is closed at the end.
            hurry: whether those who wait for a result are then told to ask again.
        """
        on_end = self._waiting.stop if hurry else lambda: None
        return self._server.running(self._app, listener, on_end, http=Connection)

    async def _describe(self, _: Request) -> Response:
        return JSONResponse(self._document)

    async def _say_ready(self, _: Request) -> Response:
        now = time.monotonic()
        if self._ready_at is None or now - self._ready_at > _READY_SECONDS:
            self._ready_at = now if await self._server.in_thread(self._is_ready) else None
        if self._ready_at is None:
            raise _outage()
        return JSONResponse({"status": "ready"}, headers=_NO_STORE)


class _Log:
    """Middleware that logs each request about a photo, without its sender, and adds headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                if scope["path"].startswith("/v1/"):
                    headers.update(_NO_STORE)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            if scope["path"].startswith("/v1/"):
                # Not the path, in which anything may stand.
                log.info(
                    "request",
                    method=scope["method"] if scope["method"] in _METHODS else "other",
                    photo=scope.get("path_params", {}).get("id"),
                    status=status,
                    took=time.monotonic() - started,
                )


_METHODS = ("GET", "HEAD", "POST", "DELETE")


class _LocalOnly:
    """Middleware that refuses what other sites' pages send through the user's browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_foreign(Headers(scope=scope)):
            problem = Problem(
                HTTPStatus.FORBIDDEN, "forbidden", "Without API keys only this machine is served."
            )
            await problem.response("en")(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    """Return whether another site's page makes a request; programs send none of these headers."""
    host = headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return True
    # Any other name was made to point here by its owner (DNS rebinding).
    if name not in _LOOPBACK:
        return True
    origin = headers.get("origin")
    return (origin is not None and origin.partition("://")[2] != host) or headers.get(
        "sec-fetch-site", "none"
    ) not in {"none", "same-origin"}


async def _page(_: Request) -> Response:
    return FileResponse(_STATIC / "index.html")


async def _say_healthy(_: Request) -> Response:
    return JSONResponse({"status": "healthy"}, headers=_NO_STORE)


def _answer(request: Request, problem: Problem) -> Response:
    return problem.response(accepted_locale(request.headers.get("accept-language")))


async def _answer_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 - starlette's types are wider
    return _answer(request, problem)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer what starlette itself refuses: another path or method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    codes = {
        HTTPStatus.NOT_FOUND: NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
        HTTPStatus.UNAUTHORIZED: UNAUTHORIZED,
    }
    status = HTTPStatus(error.status_code)
    code = codes.get(status, BAD_REQUEST)
    return _answer(
        request,
        Problem(status, code, f"{status.description or status.phrase}.", headers=error.headers),
    )


async def _answer_outage(request: Request, error: Exception) -> Response:
    if isinstance(error, OUTAGES):
        log.warning("out of reach", reason=type(error).__name__)
    else:
        log.error("the photo store fails", reason=type(error).__name__)
    return _answer(request, _outage())


def _outage() -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, INTERNAL.code, retry_after=_OUTAGE_SECONDS)


async def _answer_error(request: Request, _: Exception) -> Response:
    """Answer an error of ours, which uvicorn logs."""
    return _answer(request, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, INTERNAL.code))


async def _ignore_disconnect(_: Request, __: Exception) -> Response:
    return Response(status_code=HTTPStatus.BAD_REQUEST)
