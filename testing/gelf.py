"""A stand-in for Graylog that receives GELF over TCP or TLS and validates every message."""

from __future__ import annotations

import json
import math
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn, Self

#: The fields of GELF 1.1 that have no underscore prefix, without the deprecated ones.
_STANDARD = {"version", "host", "short_message", "full_message", "timestamp", "level"}
#: Maximum frame size in bytes. Graylog closes the connection on a larger frame (its
#: `max_message_size`).
MAX_FRAME = 2 * 1024 * 1024
#: Seconds between a thread's checks of whether it should stop.
_TICK = 0.01


def validate(message: Mapping[str, Any]) -> None:
    """Check that a message is valid GELF 1.1.

    Raises:
        AssertionError: the message is invalid.
        KeyError: a mandatory field is missing.
    """
    assert message["version"] == "1.1"
    for key in ("host", "short_message"):
        assert isinstance(message[key], str), key
        assert message[key].strip(), key
    assert isinstance(message.get("full_message", ""), str)
    assert isinstance(message["timestamp"], float)
    assert type(message["level"]) is int
    assert 0 <= message["level"] <= 7
    for key, value in message.items():
        if key not in _STANDARD:
            assert re.fullmatch(r"_[\w.\-]+", key, re.ASCII), key
            assert key != "_id"
        assert type(value) in (str, int, float), (key, value)
        if isinstance(value, str):
            value.encode()
        else:
            assert math.isfinite(value), key


def parse(frame: bytes) -> dict[str, Any]:
    """Return the message in a frame, which is passed without its terminating null byte.

    Raises:
        AssertionError: the frame is too long, or its message is not valid GELF 1.1.
        KeyError: a mandatory field is missing.
        ValueError: the frame is not JSON.
    """
    assert len(frame) < MAX_FRAME
    message: dict[str, Any] = json.loads(frame, parse_constant=_no_constant)
    validate(message)
    return message


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _bound(port: int) -> socket.socket:
    """Return a socket that is bound to a port, which others of ours may be bound to as well."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


class GelfReceiver:
    """A GELF server that can be started and stopped any number of times on one reserved port."""

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._tls = tls
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        # While bound but not listening, the port refuses connections and no one else can take it.
        self._reserved = _bound(port)
        self.port: int = self._reserved.getsockname()[1]
        self.url = f"{'tls' if tls else 'tcp'}://127.0.0.1:{self.port}"
        #: Whether data is read from the connections.
        self.reads = True
        #: Whether connections are closed as soon as they are accepted.
        self.hangs_up = False
        #: Number of connections accepted.
        self.connections = 0
        #: The valid messages, in order of arrival.
        self.messages: list[dict[str, Any]] = []
        #: The invalid frames, and the error of each.
        self.invalid: list[tuple[bytes, Exception]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._reserved.close()

    def start(self) -> None:
        """Start accepting connections."""
        self._stopping.clear()
        listener = _bound(self.port)
        listener.settimeout(_TICK)
        listener.listen()
        self._spawn(self._accept, listener)

    def stop(self) -> None:
        """Close every connection. Once this returns, new connections are refused."""
        self._stopping.set()
        while self._threads:
            self._threads.pop().join()

    def restart(self) -> None:
        """Close every connection, and accept new ones."""
        self.stop()
        self.start()

    def texts(self) -> list[str]:
        """Return the field `short_message` of every valid message."""
        return [message["short_message"] for message in self.messages]

    def _spawn(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        # In this order: `stop` may not join a thread before it is started.
        thread.start()
        self._threads.append(thread)

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while not self._stopping.is_set():
                with suppress(OSError):
                    connection, _ = listener.accept()
                    self.connections += 1
                    if self.hangs_up:
                        connection.close()
                    else:
                        self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                if self._tls:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                with connection:
                    connection.settimeout(_TICK)
                    self._read(connection)
            except OSError:
                pass  # the peer has disconnected

    def _read(self, connection: socket.socket) -> None:
        rest = b""
        while not self._stopping.is_set():
            if not self.reads:
                self._stopping.wait(_TICK)
                continue
            try:
                received = connection.recv(1 << 16)
            except TimeoutError:
                continue
            if not received:
                return
            *frames, rest = (rest + received).split(b"\0")
            for frame in frames:
                self._keep(frame)

    def _keep(self, frame: bytes) -> None:
        try:
            self.messages.append(parse(frame))
        except (AssertionError, KeyError, ValueError) as error:
            self.invalid.append((frame, error))
