"""The HTTP server of a sandbox: its routes, its thread, and its guard against other web pages.

The guard keeps other pages from using the sandbox through the user's browser.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telegram_sandbox.bot_api import BotApi
from telegram_sandbox.faults import AbortableProtocol
from telegram_sandbox.page import Page
from telegram_sandbox.sandbox import Sandbox
from telegram_sandbox.webhook_delivery import WebhookDelivery

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


# Not starlette's TrustedHostMiddleware for the host: it answers 400 where this answers 403, and
# before 1.9 it refuses [::1] with a port or a name in capitals.
class Guard:
    """Middleware that refuses foreign host names and origins and adds security headers."""

    def __init__(self, app: ASGIApp, *, loopback: bool) -> None:
        """Wrap an app.

        Args:
            app: the app to guard.
            loopback: whether the server listens on a loopback address. If so, the Host header must
                name one: any other name was made to point here by its owner (DNS rebinding).
        """
        self._app = app
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a request to the app, or refuse it with 403."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        app = self._app
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._loopback and _hostname(host) not in _LOOPBACK:
            app = PlainTextResponse("This name is not served here.", 403)
        elif _is_foreign(headers, host) and not _opens_the_page(scope, headers):
            app = PlainTextResponse("Another site's page may not do this.", 403)
        await app(scope, receive, send_with_headers)


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_foreign(headers: Headers, host: str) -> bool:
    """Return whether another origin's page makes the request; programs send none of the headers.

    A page that loads a call of the Bot API as a picture sends no `Origin`, as it is a GET, but
    browsers send Fetch Metadata (https://www.w3.org/TR/fetch-metadata/).
    """
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        return True
    return headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}


def _opens_the_page(scope: Scope, headers: Headers) -> bool:
    """Return whether a link elsewhere leads to the chat page, which does nothing by itself."""
    return scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"


_STATIC = Path(__file__).with_name("static")


def build_app(sandbox: Sandbox, stopping: asyncio.Event, *, loopback: bool) -> Starlette:
    """Build the ASGI app of a sandbox.

    Args:
        sandbox: the sandbox to serve.
        stopping: set when the server is about to stop, to end streams and long polls.
        loopback: whether the server listens on a loopback address.
    """
    api = BotApi(sandbox, stopping)
    page = Page(sandbox, stopping)
    return Starlette(
        routes=[
            Route("/", _index),
            Mount("/static", StaticFiles(directory=_STATIC, check_dir=False)),
            Route("/page/events", page.events),
            Route("/page/messages", page.send, methods=["POST"]),
            Route("/page/block", page.block, methods=["POST"]),
            Route("/page/delete", page.delete, methods=["POST"]),
            Route("/page/press", page.press, methods=["POST"]),
            Route("/page/files/{file_id}", page.file),
            Route("/bot{token}/{method}", api.call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", api.download),
        ],
        middleware=[Middleware(Guard, loopback=loopback)],
        exception_handlers={ClientDisconnect: _ignore_disconnect},
    )


async def _ignore_disconnect(_: Request, __: Exception) -> Response:
    return Response()


async def _index(_: Request) -> FileResponse:
    return FileResponse(_STATIC / "index.html")


#: Seconds after which a start counts as hung, and after which requests that don't end are
#: cancelled; on a busy machine a thread may be late.
_START_SECONDS = _STOP_SECONDS = 60


class _Server(uvicorn.Server):
    """A uvicorn server that ends streams and long polls on shutdown, instead of awaiting them."""

    def __init__(self, sandbox: Sandbox, *, loopback: bool) -> None:
        self._stopping = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                build_app(sandbox, self._stopping, loopback=loopback),
                http=AbortableProtocol,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_STOP_SECONDS,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)


@contextmanager
def running(sandbox: Sandbox, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve a sandbox in a thread for the duration of a block, and yield its URL.

    The URL has no trailing slash.

    Args:
        sandbox: the sandbox to serve.
        port: the port to listen on, or 0 for any free one.
        host: the address to listen on. On a loopback address, requests for other host names are
            refused.

    Raises:
        OSError: the address can't be listened on.
        TimeoutError: the server did not start within 60 seconds, or its thread ended.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        loopback = ipaddress.ip_address(listener.getsockname()[0]).is_loopback
        server = _Server(sandbox, loopback=loopback)
        thread = threading.Thread(
            target=server.run, args=([listener],), name="sandbox", daemon=True
        )
        thread.start()
        deadline = time.monotonic() + _START_SECONDS
        try:
            while not server.started:
                if time.monotonic() > deadline or not thread.is_alive():
                    raise TimeoutError("the sandbox did not start")
                time.sleep(0.005)
            name = f"[{host}]" if family == socket.AF_INET6 else host
            with WebhookDelivery(sandbox).running():
                yield f"http://{name}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
