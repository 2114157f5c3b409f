"""A small Graylog: receives GELF over TCP or TLS and validates every message."""

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

#: What GELF 1.1 has without an underscore, less the deprecated fields.
_STANDARD = {"version", "host", "short_message", "full_message", "timestamp", "level"}
#: A larger frame makes Graylog close the connection (its `max_message_size`), in bytes.
MAX_FRAME = 2 * 1024 * 1024
#: How often a thread looks whether it is to stop, in seconds.
_TICK = 0.01


def validate(message: Mapping[str, Any]) -> None:
    """Sees that the message is GELF 1.1.

    Raises:
        AssertionError: it is not.
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
    """The valid message of a frame, less the null byte that ends it.

    Raises:
        AssertionError: the message is not GELF 1.1.
        ValueError: the frame is no JSON.
    """
    assert len(frame) < MAX_FRAME
    message: dict[str, Any] = json.loads(frame, parse_constant=_no_constant)
    validate(message)
    return message


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


class GelfReceiver:
    """Listens between `start` and `stop`, any number of times, on a port that stays its own."""

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._tls = tls
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._bind(port)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'tls' if tls else 'tcp'}://127.0.0.1:{self.port}"
        #: Whether connections are read from.
        self.reads = True
        #: Whether connections are closed as soon as they are accepted.
        self.hangs_up = False
        #: How many connections were accepted.
        self.connections = 0
        #: Valid messages in the order in which they came.
        self.messages: list[dict[str, Any]] = []
        #: What else came in a frame, and what was wrong with it.
        self.invalid: list[tuple[bytes, Exception]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._listener.close()

    def start(self) -> None:
        """Takes connections."""
        self._stopping.clear()
        self._listener.listen()
        self._spawn(self._accept)

    def stop(self) -> None:
        """Closes every connection, and refuses new ones when it returns."""
        self._stopping.set()
        self._listener.close()
        while self._threads:
            self._threads.pop().join()
        self._bind(self.port)

    def restart(self) -> None:
        """Stops and starts."""
        self.stop()
        self.start()

    def texts(self) -> list[str]:
        """The messages' short messages."""
        return [message["short_message"] for message in self.messages]

    def _bind(self, port: int) -> None:
        # Bound and not listening, the port refuses connections and nobody else can take it.
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.settimeout(_TICK)

    def _spawn(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            with suppress(OSError):
                connection, _ = self._listener.accept()
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
                pass  # the other side is gone

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
