"""Sends events to Graylog over TCP or TLS, from a thread of its own."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from contextlib import suppress
from queue import SimpleQueue

import graypy
import structlog
from structlog.typing import EventDict, WrappedLogger

from attrai.logs.gelf import GelfAddress, gelf_message

log = structlog.get_logger(__name__)

#: How many messages may wait.
QUEUE_SIZE = 10_000
#: Connecting, or sending one message, may take this many seconds.
TIMEOUT = 10.0
#: Seconds between attempts to connect: the first, doubled up to the last.
DELAYS = (0.1, 5.0)
#: Closing waits this many seconds for the queue to empty.
CLOSE_WITHIN = 2.0
#: While messages keep being dropped, this many seconds lie between reports of it.
REPORT_EVERY = 10.0
#: Bytes that the kernel may hold. They are lost with the connection, so it may not be many.
SEND_BUFFER = 64 * 1024
#: A proxy before a Graylog that is down accepts a connection and closes it, within this many
#: seconds.
PROBATION = 0.1


class Graylog(graypy.GELFTCPHandler):  # type: ignore[misc]  # graypy has no types
    """A processor that queues a GELF message for each event, and the thread that sends them.

    Of graypy's handler it uses the connection and the framing. What differs: messages are GELF
    1.1, TLS works on Python 3.12, callers never wait, and a failed message is sent again.
    """

    sock: socket.socket | None

    def __init__(self, address: GelfAddress) -> None:
        super().__init__(address.host, address.port)
        self._tls = address.tls
        self._here = socket.gethostname()
        # Written in C and without a lock of Python's: dramatiq's TimeLimitExceeded, which is
        # raised anywhere in a thread, can't leave it locked.
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="graylog", daemon=True)
        self._closing = threading.Event()
        self._unsent = 0
        self._dropped = 0
        self._reported = 0
        self._next_report = 0.0

    @property
    def dropped(self) -> int:
        """How many messages were dropped since the start."""
        return self._dropped

    def start(self) -> None:
        """Starts to send."""
        self._thread.start()

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        """Queues the event's message, or drops and counts it; called under the root's lock."""
        if self._closing.is_set():
            return event
        if self._queue.qsize() >= QUEUE_SIZE and "dropped_logs" not in event:
            self._dropped += 1
        else:
            self._queue.put(self.makePickle(event))
        return event

    def close(self) -> None:
        """Sends what waits, for at most `CLOSE_WITHIN`, and says how much could not be sent."""
        if self._closing.is_set():
            return
        # The last chance to send: a thread that waits for its next attempt makes it now.
        self._closing.set()
        # A fork has a copy of the queue, which is not its own to send, and no thread.
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(CLOSE_WITHIN)
            self._dropped += self._unsent + self._empty()
            self._queue.put(None)
            self._wake()
            self._report()

    def _make_gelf_dict(self, record: EventDict) -> dict[str, str | float]:
        return gelf_message(record, self._here)

    def makeSocket(self, timeout: float = TIMEOUT) -> socket.socket:  # noqa: N802 (logging's name)
        """A connection to Graylog.

        Raises:
            OSError: there is none to be had; the certificate may be why.
        """
        connection: socket.socket = super().makeSocket(timeout)
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if sys.platform == "linux":
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
                milliseconds = int(TIMEOUT * 1000)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_hostname=self.host)
            if _is_gone(connection, PROBATION):
                raise ConnectionResetError("Graylog closed the connection at once")
        except OSError:
            connection.close()
            raise
        return connection

    def send(self, s: bytes) -> None:
        """Sends a frame, on a new connection if need be.

        Raises:
            OSError: it was not sent, or not whole.
        """
        if self.sock is not None and _is_gone(self.sock, 0):
            self._disconnect()
        if self.sock is None:
            self.sock = self.makeSocket()
        self.sock.sendall(s)

    def _run(self) -> None:
        while (frame := self._queue.get()) is not None:
            self._unsent = 1
            if not self._deliver(frame):
                break
            self._unsent = 0
            now = time.monotonic()
            if self._queue.empty() or now >= self._next_report:
                self._report()
                self._next_report = now + REPORT_EVERY
        self._disconnect()

    def _deliver(self, frame: bytes) -> bool:
        """Sends the frame, however long it takes; False if closing comes first."""
        first, longest = DELAYS
        delay = first
        while True:
            try:
                self.send(frame)
            except OSError as error:
                self._disconnect()
                if self._closing.is_set():
                    return False
                if delay == first:
                    log.warning("Graylog is unreachable", reason=str(error))
                self._closing.wait(delay)
                delay = min(2 * delay, longest)
            else:
                return True

    def _report(self) -> None:
        """Logs how many messages were dropped since it was last said, if any were."""
        dropped = self._dropped
        if dropped > self._reported:
            log.error("log records were dropped", dropped_logs=dropped - self._reported)
            self._reported = dropped

    def _empty(self) -> int:
        """Empties the queue; how many messages were in it."""
        waiting = 0
        while not self._queue.empty():
            waiting += self._queue.get() is not None
        return waiting

    def _wake(self) -> None:
        """Ends a send that hangs."""
        if (connection := self.sock) is not None:
            with suppress(OSError):
                # TLS's own shutdown would first have the thread send the rest in the clear.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _disconnect(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None


def _is_gone(connection: socket.socket, patience: float) -> bool:
    """Whether the other side, which never says anything, closes within `patience` seconds.

    Without a look a frame would be lost: the kernel takes it and only then learns of the end.
    """
    connection.settimeout(patience)
    try:
        return not connection.recv(1)
    except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(TIMEOUT)
