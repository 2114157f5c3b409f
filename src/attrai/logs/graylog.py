"""Delivery of events to Graylog over TCP or TLS, from a separate thread."""

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

#: Most messages that may wait to be sent.
QUEUE_SIZE = 10_000
#: Timeout in seconds for connecting and for sending one message.
TIMEOUT = 10.0
#: First and longest delay between attempts to connect, in seconds; it doubles each time.
DELAYS = (0.1, 5.0)
#: Seconds that closing waits for the queue to empty.
CLOSE_WITHIN = 2.0
#: Seconds between reports while messages keep being dropped.
REPORT_EVERY = 10.0
#: Size of the socket's send buffer in bytes. It is small, because its content is lost with the
#: connection.
SEND_BUFFER = 64 * 1024
#: Seconds to wait for a new connection to be closed again, as a proxy in front of a Graylog that
#: is down does.
PROBATION = 0.1


class Graylog(graypy.GELFTCPHandler):  # type: ignore[misc]  # graypy has no types
    """Processor that queues a GELF message for each event and sends them from a thread.

    It uses graypy's handler for the connection and the framing. Unlike graypy, it sends GELF 1.1,
    supports TLS on Python 3.12, never makes callers wait, and sends failed messages again.
    """

    sock: socket.socket | None

    def __init__(self, address: GelfAddress) -> None:
        super().__init__(address.host, address.port)
        self._tls = address.tls
        self._here = socket.gethostname()
        # SimpleQueue is written in C and has no Python lock, so dramatiq's TimeLimitExceeded, which
        # is raised anywhere in a thread, can't leave it locked.
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="graylog", daemon=True)
        self._closing = threading.Event()
        self._unsent = 0
        self._dropped = 0
        self._reported = 0
        self._next_report = 0.0

    @property
    def dropped(self) -> int:
        """How many messages have been dropped since the start."""
        return self._dropped

    def start(self) -> None:
        """Start the sending thread."""
        self._thread.start()

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        """Queue the event's message, or drop and count it; called under the root handler's lock."""
        if self._closing.is_set():
            return event
        if self._queue.qsize() >= QUEUE_SIZE and "dropped_logs" not in event:
            self._dropped += 1
        else:
            self._queue.put(self.makePickle(event))
        return event

    def close(self) -> None:
        """Send waiting messages for at most `CLOSE_WITHIN` seconds; log how many were dropped."""
        if self._closing.is_set():
            return
        # A thread that is waiting for its next attempt makes its last one now.
        self._closing.set()
        # A forked process has no thread, and its copy of the queue belongs to the parent.
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
        """Return a new connection to Graylog.

        Raises:
            OSError: connecting failed, or the certificate was rejected.
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
        """Send a frame, on a new connection if necessary.

        Raises:
            OSError: the frame was not sent, or not completely.
        """
        if self.sock is not None and _is_gone(self.sock, 0):
            self.disconnect()
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
        self.disconnect()

    def _deliver(self, frame: bytes) -> bool:
        """Retry until the frame is sent; return False if the handler is closed first."""
        first, longest = DELAYS
        delay = first
        while True:
            try:
                self.send(frame)
            except OSError as error:
                self.disconnect()
                if self._closing.is_set():
                    return False
                if delay == first:
                    log.warning("Graylog is unreachable", reason=str(error))
                self._closing.wait(delay)
                delay = min(2 * delay, longest)
            else:
                return True

    def _report(self) -> None:
        """Log how many messages were dropped since the last report, if any."""
        dropped = self._dropped
        if dropped > self._reported:
            log.error("log records were dropped", dropped_logs=dropped - self._reported)
            self._reported = dropped

    def _empty(self) -> int:
        """Empty the queue and return how many messages it contained."""
        waiting = 0
        while not self._queue.empty():
            waiting += self._queue.get() is not None
        return waiting

    def _wake(self) -> None:
        """Interrupt a send that hangs."""
        if (connection := self.sock) is not None:
            with suppress(OSError):
                # Shutting down the TLS layer would make the thread send the rest unencrypted.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def disconnect(self) -> None:
        """Close the connection; the next frame opens another."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None


def _is_gone(connection: socket.socket, patience: float) -> bool:
    """Return whether the peer, which never sends anything, closes within `patience` seconds.

    Without this check a frame would be lost: the kernel accepts it and only then learns that the
    connection is closed.
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
