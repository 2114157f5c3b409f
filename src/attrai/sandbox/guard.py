"""Keeps other web pages from using the sandbox through its user's browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Refuses foreign names and origins, and adds headers that tell a browser to be careful."""

    def __init__(self, app: ASGIApp, *, loopback: bool) -> None:
        """A guard before `app`.

        Args:
            app: what is guarded.
            loopback: whether it serves this machine alone. Then a request must have asked for it
                by such a name: a foreign name was made to point here by its owner.
        """
        self._app = app
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on, or refuses it."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        app = self._app
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._loopback and _hostname(host) not in _LOOPBACK:
            app = PlainTextResponse("This name is not served here.", 403)
        elif scope["method"] not in {"GET", "HEAD"} and _is_foreign(headers.get("origin"), host):
            app = PlainTextResponse("Another site's page may not do this.", 403)
        await app(scope, receive, send_with_headers)


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_foreign(origin: str | None, host: str) -> bool:
    return origin is not None and origin.partition("://")[2] != host
