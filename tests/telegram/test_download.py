"""Downloads are limited in size and time, whatever the server does."""

from __future__ import annotations

import gzip
import json
import socket
import time
from contextlib import suppress

import pytest

from attrai.errors import TryLater
from attrai.telegram import Rejected, Telegram, TokenRefused, files
from telegram_sandbox import Faults, Sandbox
from tests.telegram.served import TOKEN, answering, body, connect

#: A response to getFile that declares a file of 10 bytes.
_FILE = body(
    json.dumps(
        {
            "ok": True,
            "result": {
                "file_id": "a",
                "file_unique_id": "b",
                "file_size": 10,
                "file_path": "photos/1.jpg",
            },
        }
    ).encode()
)
_HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
_LIMIT = 1_000_000


def update_file(sandbox: Sandbox, content: bytes) -> str:
    """Have a user send a file, and return its id."""
    sandbox.user().send_document(content, "a.bin", "application/octet-stream")
    file_id: str = sandbox.state.messages(1)[-1]["document"]["file_id"]
    return file_id


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_file_comes_as_it_was_sent(telegram: Telegram, sandbox: Sandbox, size: int) -> None:
    """A file of exactly the maximum size is downloaded completely."""
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert telegram.download(update_file(sandbox, content), size) == content


def test_a_larger_file_is_cut(telegram: Telegram, sandbox: Sandbox) -> None:
    """A file that is too large is cut one byte after the limit."""
    assert telegram.download(update_file(sandbox, bytes(100_000)), 99) == bytes(100)


def test_what_get_file_refuses(telegram: Telegram, sandbox: Sandbox) -> None:
    """An unknown file, and one too big for bots to download, is rejected."""
    with pytest.raises(Rejected, match="invalid file_id"):
        telegram.download("unknown", 10)
    with pytest.raises(Rejected, match="file is too big"):
        telegram.download(update_file(sandbox, bytes(20 * 2**20 + 1)), 10)


def test_a_server_that_fails(telegram: Telegram, sandbox: Sandbox) -> None:
    """A download that fails or breaks off raises TryLater, and succeeds later."""
    file_id = update_file(sandbox, bytes(100_000))
    for fault in ("rate_limited", "server_error", "drop_before", "drop_after", "timeout"):
        sandbox.faults = Faults(**{fault: 1}, timeout_seconds=0.05, methods={"file"})
        with pytest.raises(TryLater) as raised:
            telegram.download(file_id, _LIMIT)
        assert TOKEN.partition(":")[2] not in str(raised.value)
    sandbox.faults = Faults()
    assert len(telegram.download(file_id, _LIMIT)) == 100_000


def test_a_file_without_end() -> None:
    """An endless response for a file that was declared small is cut at the limit."""
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(_HEAD + b"\r\n")
        while True:
            sent += connection.send(bytes(65536))

    with answering(_FILE, flood) as url:
        assert len(connect(url).download("a", _LIMIT)) == _LIMIT + 1
    assert sent < 100 * _LIMIT  # allows for the data in the sockets' buffers


def test_chunks_without_end() -> None:
    """An endless chunked response without a content length is cut at the limit."""

    def flood(connection: socket.socket) -> None:
        connection.sendall(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")

    with answering(_FILE, flood) as url:
        assert len(connect(url).download("a", _LIMIT)) == _LIMIT + 1


def test_a_packed_file_is_not_unpacked() -> None:
    """A gzip-encoded response is not decompressed, as it may expand far beyond the limit."""
    packed = gzip.compress(bytes(10 * _LIMIT))

    def answer(connection: socket.socket) -> None:
        length = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
        connection.sendall(_HEAD + length.encode() + packed)

    with answering(_FILE, answer) as url:
        assert connect(url).download("a", _LIMIT) == packed


def test_a_file_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that trickles in is abandoned at the deadline.

    It would complete after more than ten times as long.
    """
    monkeypatch.setattr(files, "_DOWNLOAD_TIMEOUT", 0.3)

    def drip(connection: socket.socket) -> None:
        connection.sendall(_HEAD + b"\r\n")
        with suppress(OSError):
            for _ in range(200):
                connection.sendall(b"a")
                time.sleep(0.02)  # the slow pace is what is tested

    with answering(_FILE, drip) as url, pytest.raises(TryLater, match="takes too long"):
        connect(url).download("a", _LIMIT)


def test_a_file_that_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that stalls times out."""
    monkeypatch.setattr(files, "_TIMEOUT", 0.2)

    def stop(connection: socket.socket) -> None:
        connection.sendall(_HEAD + b"\r\nthe beginning")
        with suppress(OSError):
            connection.recv(1)  # until the client disconnects

    with answering(_FILE, stop) as url, pytest.raises(TryLater, match="Timeout"):
        connect(url).download("a", _LIMIT)


def test_a_wrong_token(telegram: Telegram, sandbox: Sandbox) -> None:
    """A refused token raises TokenRefused, not the error for a missing file."""
    sandbox.token = "1:another"  # noqa: S105 - it opens nothing
    with pytest.raises(TokenRefused):
        telegram.download("a", 10)
