"""A connection to a client: what it must send in time, and whether it has received an answer."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios
import time
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from attrai.api.problems import BAD_REQUEST, MEDIA_TYPE, Problem

#: Seconds that a connection may be open without a request, or with a part of its headers.
_HEADERS_SECONDS = 15.0
#: Maximum seconds until a client has received an answer.
_ANSWER_SECONDS = 120.0
#: Seconds between two looks at that, and at what was received.
_LOOK_SECONDS, _RECEIPT_SECONDS = 5.0, 0.005


class Connection(H11Protocol):
    """A connection. The state of its requests has it as `connection`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to watch."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": self}
        self._all_received_at_end: bool | None = None
        self._busy_at = time.monotonic()
        self._look = self.loop.call_later(_LOOK_SECONDS, self._look_for_headers)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching."""
        self._look.cancel()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """Note what the client had received when it closed the connection."""
        self._all_received_at_end = self._unreceived() == 0
        super().eof_received()

    async def all_received(self) -> bool:
        """Wait until the client's system has all that was sent; return False if it doesn't get it.

        A client that closes the connection too early doesn't, nor one that stops reading.
        """
        deadline = time.monotonic() + _ANSWER_SECONDS
        while time.monotonic() < deadline:
            if self._all_received_at_end is not None:
                return self._all_received_at_end
            if self.transport.is_closing():
                return False
            if self._unreceived() == 0:
                return True
            await asyncio.sleep(_RECEIPT_SECONDS)
        self.transport.abort()
        return False

    def _unreceived(self) -> int:
        """Return how many bytes were sent of which the client's system has said nothing yet."""
        number: int = self.transport.get_extra_info("socket").fileno()
        (queued,) = struct.unpack("i", fcntl.ioctl(number, termios.TIOCOUTQ, bytes(4)))
        return int(queued) + self.transport.get_write_buffer_size()

    def _look_for_headers(self) -> None:
        """Cut a client off that takes too long to say what it wants."""
        now = time.monotonic()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._busy_at = now
        elif now - self._busy_at > _HEADERS_SECONDS:
            self.transport.abort()
            return
        self._look = self.loop.call_later(_LOOK_SECONDS, self._look_for_headers)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with a problem as well, and close the connection."""
        response = Problem(HTTPStatus.BAD_REQUEST, BAD_REQUEST, msg).response("en")
        headers: list[tuple[bytes, bytes]] = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"connection", b"close"),
        ]
        events: list[Any] = [
            h11.Response(status_code=response.status_code, headers=headers),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ]
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
