"""The sandbox's routes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from attrai.sandbox.bot_api import BotApi
from attrai.sandbox.guard import Guard
from attrai.sandbox.page import Page
from attrai.sandbox.sandbox import Sandbox

_STATIC = Path(__file__).with_name("static")


def build_app(sandbox: Sandbox, stopping: asyncio.Event, *, loopback: bool) -> Starlette:
    """The ASGI app of a sandbox.

    Args:
        sandbox: what it serves.
        stopping: ends what waits, for the server is about to stop.
        loopback: whether it serves this machine alone.
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
            Route("/page/files/{file_id}", page.file),
            Route("/bot{token}/{method}", api.call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", api.download),
        ],
        middleware=[Middleware(Guard, loopback=loopback)],
        exception_handlers={ClientDisconnect: _nobody_there},
    )


async def _nobody_there(_: Request, __: Exception) -> Response:
    return Response()


async def _index(_: Request) -> FileResponse:
    return FileResponse(_STATIC / "index.html")
