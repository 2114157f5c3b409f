"""Serves a sandbox over HTTP, from a thread."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from attrai.sandbox.app import build_app
from attrai.sandbox.cutting import CuttableProtocol
from attrai.sandbox.sandbox import Sandbox

#: Only a hang takes so long: a thread of a busy machine may have to wait for its turn.
_START_SECONDS = 60
_STOP_SECONDS = 5


class _Server(uvicorn.Server):
    """A server that ends streams and long polls when it stops, instead of waiting for them."""

    def __init__(self, sandbox: Sandbox, *, loopback: bool) -> None:
        self._stopping = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                build_app(sandbox, self._stopping, loopback=loopback),
                http=CuttableProtocol,
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
    """Serve the sandbox during the block, and yield its address, without a slash at the end.

    Args:
        sandbox: what is served.
        port: the port to listen on; any free one by default.
        host: the address to listen on; for one that is not loopback any name is answered to.

    Raises:
        OSError: the address can't be listened on.
        TimeoutError: the server did not start.
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
            yield f"http://{name}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
