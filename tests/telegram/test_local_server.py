"""A Bot API server of one's own: its files are read from its folder, and from nowhere else."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from attrai import logs
from attrai.errors import SourceOutOfReach
from telegram_sandbox import Sandbox, running
from tests.telegram.served import TOKEN, answering, body, connect
from tests.telegram.test_download import update_file

_LIMIT = 1_000_000


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Return the stream that the log is written to."""
    stream = io.StringIO()
    logs.configure("warning", stream)
    yield stream
    logs.configure("warning", io.StringIO())


def refused(path: str) -> None:
    """Assert that a file is not read if the server names this path."""
    file = {"file_id": "a", "file_unique_id": "b", "file_size": 10, "file_path": path}
    answer = body(json.dumps({"ok": True, "result": file}).encode())
    with answering(answer) as url, pytest.raises(SourceOutOfReach):
        connect(url).download("a", _LIMIT)


def test_its_files_are_read(tmp_path: Path) -> None:
    """A file is read from the path that the server names, beyond the 20 MB of Telegram's server."""
    content = bytes(range(256)) * 100_000
    sandbox = Sandbox(TOKEN, local=tmp_path)
    with running(sandbox) as url:
        file = update_file(sandbox, content)
        assert connect(url).download(file, len(content)) == content
        assert connect(url).download(file, 99) == content[:100]
    assert {call.method for call in sandbox.calls} == {"getFile"}


def test_a_folder_of_the_test_environment(tmp_path: Path) -> None:
    """The folder of a bot in Telegram's test environment, whose name has an ending, is read."""
    sandbox = Sandbox(TOKEN, local=tmp_path)
    sandbox.state.local_folder = tmp_path / f"{TOKEN}:T"
    with running(sandbox) as url:
        assert connect(url).download(update_file(sandbox, b"a"), 1) == b"a"


def test_a_folder_behind_a_link(tmp_path: Path) -> None:
    """The server's folder itself may be behind a link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    sandbox = Sandbox(TOKEN, local=tmp_path / "link")
    with running(sandbox) as url:
        assert connect(url).download(update_file(sandbox, b"a"), 1) == b"a"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("absent", lambda _path: None),
        ("folder", Path.mkdir),
        ("pipe", os.mkfifo),
        ("link", lambda path: path.symlink_to("/etc/passwd")),
        ("photos/passwd", lambda path: path.parent.symlink_to("/etc")),
    ],
)
def test_what_is_not_read(
    tmp_path: Path, logged: io.StringIO, name: str, make: Callable[[Path], None]
) -> None:
    """What is no regular file in the bot's folder is not read, and the log says so at once."""
    (tmp_path / TOKEN).mkdir()
    make(tmp_path / TOKEN / name)
    refused(str(tmp_path / TOKEN / name))
    (record,) = map(json.loads, logged.getvalue().splitlines())
    assert record["level"] == "error"
    assert "mount its folder here" in record["event"]
    assert record["folder"] == str(tmp_path)
    assert TOKEN not in logged.getvalue()


def test_files_of_others(tmp_path: Path, logged: io.StringIO) -> None:
    """Files outside the bot's folder are not read, whatever the path looks like."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (tmp_path / TOKEN).mkdir()
    refused(str(secret))
    refused(f"{tmp_path}/{TOKEN}/../secret")
    refused("/dev/zero")
    assert len(logged.getvalue().splitlines()) == 3


def test_a_server_without_local(tmp_path: Path, logged: io.StringIO) -> None:
    """A server of one's own that gives no files is named in the log at once, and not asked again.

    Telegram's own server may do so when a path is no longer valid.
    """
    sandbox = Sandbox(TOKEN, local=tmp_path)
    with running(sandbox) as url:
        file = update_file(sandbox, b"a")
        sandbox.state.local_folder = None
        assert connect(url).download(file, 1) == b"a"
        sandbox.state.files.by_path = lambda _: None  # type: ignore[method-assign]
        with pytest.raises(SourceOutOfReach):
            connect(url).download(file, 1)
    assert "start it with --local" in logged.getvalue()
    assert len(logged.getvalue().splitlines()) == 1
