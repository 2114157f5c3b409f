"""An HTTP server in a thread of its process, with more threads for what waits for other servers."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

#: Maximum number of connections, which strangers may open too.
_MAX_CONNECTIONS = 1000
#: Seconds between heartbeats.
_HEARTBEAT_SECONDS = 5.0
#: Maximum seconds until the requests in progress are answered, when the server is to end: longer
#: than the patience with Redis and RabbitMQ together.
_SHUTDOWN_SECONDS = 100


class HttpServer:
    """A server for an application, whose `lifespan` has to be this one's."""

    def __init__(self, name: str, threads: int, on_heartbeat: Callable[[], None]) -> None:
        """Prepare to serve.

        Args:
            name: the name of its threads.
            threads: how many calls may wait for other servers at a time.
            on_heartbeat: called every few seconds in one of these threads.
        """
        self._name, self._number = name, threads
        self._on_heartbeat = on_heartbeat
        self._server: uvicorn.Server | None = None

    @property
    def in_progress(self) -> int:
        """The number of requests that are not answered yet."""
        return len(self._server.server_state.tasks) if self._server else 0

    @contextmanager
    def running(
        self,
        app: ASGIApp,
        listener: socket.socket,
        on_end: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> Iterator[None]:
        """Serve in a thread during the block; its end waits for the requests in progress.

        Args:
            app: what is served.
            listener: where to listen; it is closed at the end.
            on_end: called in the event loop when the server begins to end.
            options: more of uvicorn's.
        """
        # Whatever strangers send to the port would be a warning each.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        config = uvicorn.Config(
            app,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MAX_CONNECTIONS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            **options,
        )
        config.load()
        server = self._server = _Server(config, on_end)
        thread = threading.Thread(target=server.run, args=([listener],), name=self._name)
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Keep the threads while the application runs."""
        # Not starlette's, which end when they are idle and leave a connection to RabbitMQ.
        with ThreadPoolExecutor(self._number, thread_name_prefix=self._name) as self._threads:
            beating = asyncio.create_task(self._beat())
            yield
            beating.cancel()

    async def _beat(self) -> None:
        """Report a heartbeat as long as there is a thread that does not hang."""
        while True:
            await self.in_thread(self._on_heartbeat)
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function returns that waits for other servers."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)


class _Server(uvicorn.Server):
    """A server that tells when it begins to end."""

    def __init__(self, config: uvicorn.Config, on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_end = on_end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_end()
        await super().shutdown(sockets)
