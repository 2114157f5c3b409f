"""Serves a sandbox: to tests in a thread, to people until they stop it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from attrai.sandbox.app import build_app
from attrai.sandbox.cutting import CuttableProtocol
from attrai.sandbox.sandbox import Sandbox

_START_SECONDS = 10
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


def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 8081) -> None:
    """Serves the sandbox until the process is told to stop.

    Args:
        sandbox: what is served.
        host: the address to listen on; for one that is not loopback any name is answered to.
        port: the port to listen on.

    Raises:
        OSError: the address can't be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        loopback = ipaddress.ip_address(listener.getsockname()[0]).is_loopback
        with suppress(KeyboardInterrupt):
            _Server(sandbox, loopback=loopback).run([listener])


@contextmanager
def running(sandbox: Sandbox, port: int = 0) -> Iterator[str]:
    """Serves the sandbox on loopback meanwhile; its address, without a slash at the end.

    Raises:
        OSError: the port is taken.
        TimeoutError: the server did not start.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = _Server(sandbox, loopback=True)
        thread = threading.Thread(
            target=server.run, args=([listener],), name="sandbox", daemon=True
        )
        thread.start()
        deadline = time.monotonic() + _START_SECONDS
        try:
            while not server.started:
                if time.monotonic() > deadline:
                    raise TimeoutError("the sandbox did not start")
                time.sleep(0.005)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
