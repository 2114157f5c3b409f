"""Tap: passes data on, or disturbs it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from testing.connections import serving
from testing.servers.server import HOST
from testing.tap import Flow, Tap
from testing.waiting import PATIENCE_S


def send_back(connection: socket.socket) -> None:
    """Send back what comes."""
    while data := connection.recv(65536):
        connection.sendall(data)


@pytest.fixture
def tap() -> Iterator[Tap]:
    """Open a tap in front of a server that sends back what it gets."""
    with serving(send_back) as port, Tap(port) as opened:
        yield opened


def connect(tap: Tap) -> socket.socket:
    """Connect to the server behind a tap."""
    return socket.create_connection((HOST, tap.port), timeout=PATIENCE_S)


def echo(connection: socket.socket, data: bytes) -> bytes:
    """Send data, and return as much as was sent."""
    connection.sendall(data)
    received = b""
    while len(received) < len(data):
        part = connection.recv(65536)
        if not part:
            raise ConnectionError
        received += part
    return received


def test_an_open_tap(tap: Tap) -> None:
    """Data pass unchanged, in whole and in small pieces."""
    data = bytes(range(256)) * 40
    with connect(tap) as connection:
        assert echo(connection, data) == data
        tap.turn("slow")
        assert echo(connection, data) == data


def test_a_silent_tap(tap: Tap) -> None:
    """Nothing passes, the connection stays open, and what was held back comes later."""
    with connect(tap) as connection:
        tap.turn("silent")
        connection.sendall(b"ping")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(10)
        connection.settimeout(PATIENCE_S)
        tap.turn("open")
        assert connection.recv(10) == b"ping"


def test_a_cut_tap(tap: Tap) -> None:
    """Connections are closed, new ones as well, until the tap is open again."""
    with connect(tap) as connection:
        assert echo(connection, b"ping") == b"ping"
        tap.turn("cut")
        with pytest.raises(OSError):  # noqa: PT011 - reset or closed
            echo(connection, b"ping")
    with pytest.raises(OSError), connect(tap) as connection:  # noqa: PT011 - as above
        echo(connection, b"ping")
    tap.turn("open")
    with connect(tap) as connection:
        assert echo(connection, b"ping") == b"ping"


def test_a_garbling_tap(tap: Tap) -> None:
    """Now and then a byte is another one."""
    tap.turn("garbled")
    with connect(tap) as connection:
        assert any(echo(connection, b"ping") != b"ping" for _ in range(1000))


@pytest.mark.parametrize("flow", ["open", "silent", "slow"])
def test_closing_a_tap(caplog: pytest.LogCaptureFixture, flow: Flow) -> None:
    """A tap that closes ends the connections that are open, and logs nothing."""
    with serving(send_back) as port:
        with Tap(port) as tap:
            connection = connect(tap)
            assert echo(connection, b"ping") == b"ping"
            tap.turn(flow)
            connection.sendall(bytes(10_000))
        with connection, suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
    assert caplog.records == []
