"""A tap between clients and a server, which can hold back, cut off, slow down or garble data."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import suppress
from typing import Literal, Self

from testing.servers.server import HOST

#: What a tap does with data: pass it on; hold it back, connections staying open; close all
#: connections at once and refuse new ones; pass it on in small pieces; change bytes of what the
#: server sends.
Flow = Literal["open", "silent", "cut", "slow", "garbled"]

#: The pieces of a slow tap, and the pause before each.
_PIECE_BYTES, _PIECE_SECONDS = 512, 0.02
#: The part of the pieces that a garbling tap changes.
_GARBLED = 0.2


class Tap:
    """A TCP proxy in front of a server on this machine, while its context is open."""

    def __init__(self, server_port: int, seed: int = 1) -> None:
        self._server_port = server_port
        self._rng = random.Random(seed)
        self._flow: Flow = "open"
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._transports: set[asyncio.BaseTransport] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        serving = asyncio.start_server(self._connect, HOST, 0)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def turn(self, flow: Flow) -> None:
        """Change what the tap does with data, and return once it does that."""
        asyncio.run_coroutine_threadsafe(self._turn(flow), self._loop).result()

    def disturb(self, flow: Flow, seconds: float) -> None:
        """Change what the tap does for `seconds` seconds."""
        self.turn(flow)
        time.sleep(seconds)
        self.turn("open")

    async def _turn(self, flow: Flow) -> None:
        self._flow = flow
        if flow == "silent":
            self._flowing.clear()
        else:
            self._flowing.set()
        if flow == "cut":
            self._abort()

    def _abort(self) -> None:
        for transport in self._transports:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.abort()

    async def _close(self) -> None:
        self._server.close()
        # Connections that are cut end by themselves. asyncio prints a traceback for each that is
        # cancelled.
        await self._turn("cut")
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._flow == "cut":
            writer.transport.abort()
            return
        try:
            upstream = await asyncio.open_connection(HOST, self._server_port)
        except OSError:
            writer.transport.abort()
            return
        server_reader, server_writer = upstream
        if self._flow == "cut":  # meanwhile
            writer.transport.abort()
            server_writer.transport.abort()
            return
        both = {writer.transport, server_writer.transport}
        self._transports |= both
        try:
            if self._flow != "cut":  # while it connected
                await asyncio.gather(
                    self._pump(reader, server_writer, from_server=False),
                    self._pump(server_reader, writer, from_server=True),
                )
        finally:
            self._transports -= both
            for transport in both:
                transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_server: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_PIECE_BYTES if self._flow == "slow" else 65536):
                await self._flowing.wait()
                if self._flow == "slow":
                    await asyncio.sleep(_PIECE_SECONDS)
                if self._flow == "garbled" and from_server:
                    data = self._garbled(data)
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    def _garbled(self, data: bytes) -> bytes:
        """Return the data, sometimes with one byte changed."""
        if self._rng.random() > _GARBLED:
            return data
        changed = bytearray(data)
        changed[self._rng.randrange(len(data))] ^= self._rng.randrange(1, 256)
        return bytes(changed)
