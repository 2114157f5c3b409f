"""Downloads: as much as is allowed, and as long, whatever the server says or does."""

from __future__ import annotations

import gzip
import json
import socket
import time
from contextlib import suppress

import pytest

from attrai.errors import TryLater
from attrai.telegram import Rejected, Telegram, TokenRefused, client
from telegram_sandbox import Faults, Sandbox
from tests.telegram.served import TOKEN, answering, body, connect

#: What getFile answers: a small file, as it says.
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
    """The id of a file that a user sent."""
    sandbox.user().send_document(content, "a.bin", "application/octet-stream")
    file_id: str = sandbox.state.messages(1)[-1]["document"]["file_id"]
    return file_id


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_file_comes_as_it_was_sent(telegram: Telegram, sandbox: Sandbox, size: int) -> None:
    """A file within the limit, even just so, is fetched whole."""
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert telegram.download(update_file(sandbox, content), size) == content


def test_a_larger_file_is_cut(telegram: Telegram, sandbox: Sandbox) -> None:
    """Of a file beyond the limit comes a byte more than that."""
    assert telegram.download(update_file(sandbox, bytes(100_000)), 99) == bytes(100)


def test_what_get_file_refuses(telegram: Telegram, sandbox: Sandbox) -> None:
    """A file that is unknown or that bots may not have is of no use."""
    with pytest.raises(Rejected, match="invalid file_id"):
        telegram.download("unknown", 10)
    with pytest.raises(Rejected, match="file is too big"):
        telegram.download(update_file(sandbox, bytes(20 * 2**20 + 1)), 10)


def test_a_server_that_fails(telegram: Telegram, sandbox: Sandbox) -> None:
    """A download that fails or breaks off is to be tried later."""
    file_id = update_file(sandbox, bytes(100_000))
    for fault in ("too_many", "server_error", "cut", "cut_after", "timeout"):
        sandbox.faults = Faults(**{fault: 1}, silence=0.05, methods={"file"})
        with pytest.raises(TryLater) as raised:
            telegram.download(file_id, _LIMIT)
        assert TOKEN.partition(":")[2] not in str(raised.value)
    sandbox.faults = Faults()
    assert len(telegram.download(file_id, _LIMIT)) == 100_000


def test_a_file_without_end() -> None:
    """A file that was said to be small, and comes without end, is cut at the limit."""
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(_HEAD + b"\r\n")
        while True:
            sent += connection.send(bytes(65536))

    with answering(_FILE, flood) as url:
        assert len(connect(url).download("a", _LIMIT)) == _LIMIT + 1
    assert sent < 100 * _LIMIT  # or as much as the sockets' buffers take


def test_chunks_without_end() -> None:
    """The same holds for a server that names no length of the whole."""

    def flood(connection: socket.socket) -> None:
        connection.sendall(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")

    with answering(_FILE, flood) as url:
        assert len(connect(url).download("a", _LIMIT)) == _LIMIT + 1


def test_a_packed_file_is_not_unpacked() -> None:
    """A few bytes that unpack to many are left packed."""
    packed = gzip.compress(bytes(10 * _LIMIT))

    def answer(connection: socket.socket) -> None:
        length = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
        connection.sendall(_HEAD + length.encode() + packed)

    with answering(_FILE, answer) as url:
        assert connect(url).download("a", _LIMIT) == packed


def test_a_file_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of which a little comes now and then is given up when its time is over.

    The file would be whole, and be had, once it dripped for ten times as long and more.
    """
    monkeypatch.setattr(client, "_DOWNLOAD_TIMEOUT", 0.3)

    def drip(connection: socket.socket) -> None:
        connection.sendall(_HEAD + b"\r\n")
        with suppress(OSError):
            for _ in range(200):
                connection.sendall(b"a")
                time.sleep(0.02)  # the pace is what is tested

    with answering(_FILE, drip) as url, pytest.raises(TryLater, match="takes too long"):
        connect(url).download("a", _LIMIT)


def test_a_file_that_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of which nothing more comes is not waited for without end."""
    monkeypatch.setattr(client, "_TIMEOUT", 0.2)

    def stop(connection: socket.socket) -> None:
        connection.sendall(_HEAD + b"\r\nthe beginning")
        with suppress(OSError):
            connection.recv(1)  # until the client leaves

    with answering(_FILE, stop) as url, pytest.raises(TryLater, match="Timeout"):
        connect(url).download("a", _LIMIT)


def test_a_wrong_token(telegram: Telegram, sandbox: Sandbox) -> None:
    """A token that is refused is told apart from a file that is gone."""
    sandbox.token = "1:another"  # noqa: S105 - it opens nothing
    with pytest.raises(TokenRefused):
        telegram.download("a", 10)
