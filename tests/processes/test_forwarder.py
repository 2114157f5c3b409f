"""Forwarding logs of other programs: nothing is lost or repeated, and the files stay small."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attrai.lifecycle.shutdown import Shutdown
from attrai.logs import GelfAddress
from attrai.processes import forwarder as module
from attrai.processes.forwarder import Forwarder
from testing.gelf import GelfReceiver
from testing.waiting import wait_for


@pytest.fixture(name="graylog")
def receiver() -> Iterator[GelfReceiver]:
    """A Graylog server that is up, and that must receive only valid messages."""
    with GelfReceiver() as graylog:
        yield graylog
    assert graylog.invalid == []


@contextmanager
def forwarding(folder: Path, graylog: GelfReceiver) -> Iterator[list[str]]:
    """Forward the logs of a folder during the block, and yield the texts that were printed."""
    printed: list[str] = []
    shutdown = Shutdown()
    forwarder = Forwarder(
        folder,
        GelfAddress.parse(graylog.url),
        shutdown,
        lambda event: printed.append(event["event"]),
    )
    thread = threading.Thread(target=forwarder.run)
    thread.start()
    try:
        yield printed
    finally:
        shutdown.request()
        thread.join()


def write(file: Path, *lines: str) -> None:
    """Append lines to a file."""
    with file.open("a") as opened:
        opened.writelines(f"{line}\n" for line in lines)


def test_services(tmp_path: Path, graylog: GelfReceiver) -> None:
    """Each file is a service, also one that appears later; what is no log is left alone."""
    write(tmp_path / "redis.log", "one")
    write(tmp_path / "redis.log.0", "old")
    with forwarding(tmp_path, graylog) as printed:
        wait_for(lambda: graylog.texts() == ["one"])
        write(tmp_path / "rabbitmq.log", "two")
        wait_for(lambda: graylog.texts() == ["one", "two"])
        wait_for(lambda: printed == ["one", "two"])
    assert [message["_service"] for message in graylog.messages] == ["redis", "rabbitmq"]


def test_restarts(tmp_path: Path, graylog: GelfReceiver) -> None:
    """A forwarder goes on where the last one ended: nothing is repeated, nothing left out."""
    for number in range(3):
        write(tmp_path / "redis.log", f"{number}")
        with forwarding(tmp_path, graylog) as printed:
            wait_for(lambda number=number, printed=printed: printed == [f"{number}"])
            # Printed just before it is noted down.
            noted = tmp_path / "positions.json"
            size = (tmp_path / "redis.log").stat().st_size
            wait_for(lambda noted=noted, size=size: f", {size}]" in noted.read_text())
    assert graylog.texts() == ["0", "1", "2"]


def test_an_outage(tmp_path: Path, graylog: GelfReceiver) -> None:
    """While Graylog is down the files keep what is written, also through a restart."""
    log = tmp_path / "redis.log"
    graylog.stop()
    write(log, "1", "2")
    with forwarding(tmp_path, graylog):
        wait_for((tmp_path / "positions.json").exists)
        log.rename(tmp_path / "redis.log.0")
        write(log, "3")
    write(log, "4")
    with forwarding(tmp_path, graylog) as printed:
        graylog.start()
        wait_for(lambda: printed[-1:] == ["4"])
    assert graylog.texts() == ["1", "2", "3", "4"]


def test_bounded(tmp_path: Path, graylog: GelfReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large files are renamed, so that there are never more than two, and nothing gets lost."""
    monkeypatch.setattr(module, "_ROTATE_ABOVE", 1_000)
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.001)
    numbers = [str(number) for number in range(3_000)]
    with forwarding(tmp_path, graylog):
        for number in numbers:
            write(tmp_path / "redis.log", number)
        wait_for(lambda: len(graylog.messages) >= len(numbers))
    assert graylog.texts() == numbers
    assert {file.name for file in tmp_path.iterdir()} <= {
        "positions.json",
        "redis.log",
        "redis.log.1",
    }
    assert (tmp_path / "redis.log.1").exists()


@pytest.mark.parametrize("content", ["", "[]", '{"redis.log": 3}', '{"redis.log": ["a", 1]}'])
def test_unreadable_positions(tmp_path: Path, graylog: GelfReceiver, content: str) -> None:
    """Without what the last forwarder noted, the logs are read from their start."""
    (tmp_path / "positions.json").write_text(content)
    write(tmp_path / "redis.log", "1")
    with forwarding(tmp_path, graylog):
        wait_for(lambda: graylog.texts() == ["1"])


def test_a_file_that_cannot_be_read(tmp_path: Path, graylog: GelfReceiver) -> None:
    """A folder, a pipe or a link in place of a log keeps no other from being forwarded."""
    (tmp_path / "a.log").mkdir()
    os.mkfifo(tmp_path / "b.log")
    elsewhere = tmp_path / "secret"
    write(elsewhere, "SECRET")
    (tmp_path / "c.log").symlink_to(elsewhere)
    write(tmp_path / "d.log", "1")
    with forwarding(tmp_path, graylog):
        wait_for(lambda: graylog.texts() == ["1"])
