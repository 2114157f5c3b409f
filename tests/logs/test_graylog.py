"""A Graylog server that is slow, down, restarting or hanging does the process no harm."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import structlog

from attrai.logs import GelfAddress, LogHandler
from attrai.logs import graylog as graylog_module
from attrai.logs.graylog import CLOSE_WITHIN, PROBATION, QUEUE_SIZE, Graylog
from testing.gelf import GelfReceiver
from testing.waiting import wait_for
from tests.logs.conftest import UNREACHABLE, Output, count, numbers

log = structlog.get_logger("attrai.test")
PADDING = "x" * 900
DROPPED = "log records were dropped"
#: Seconds, longer than a test may take.
NEVER_S = 3600


def senders() -> list[threading.Thread]:
    """The threads that send to Graylog."""
    return [thread for thread in threading.enumerate() if thread.name == "graylog"]


def test_absent_at_start(output: Output) -> None:
    """Records logged before Graylog is up reach it later, completely and in order."""
    receiver = GelfReceiver()
    output.configure(gelf_url=receiver.url)
    expected = count(range(QUEUE_SIZE - 1))
    wait_for(lambda: output.records(UNREACHABLE))
    with receiver:
        wait_for(lambda: len(numbers(receiver)) >= len(expected))
        assert numbers(receiver) == expected
        wait_for(lambda: UNREACHABLE in receiver.texts())
    assert receiver.invalid == []
    assert len(output.records(UNREACHABLE)) == 1
    assert "refused" in output.records(UNREACHABLE)[0]["reason"]
    assert output.records(DROPPED) == []


def test_restarted_midway(output: Output, graylog: GelfReceiver) -> None:
    """Records logged while Graylog restarts reach it afterwards; each outage is reported once."""
    output.configure(gelf_url=graylog.url)
    expected = count(range(100))
    for outage in range(1, 3):
        wait_for(lambda: len(numbers(graylog)) == len(expected))
        graylog.stop()
        expected.extend(count(range(len(expected), len(expected) + 100)))
        wait_for(lambda outage=outage: len(output.records(UNREACHABLE)) == outage)
        graylog.start()
    wait_for(lambda: len(numbers(graylog)) == len(expected))
    assert numbers(graylog) == expected


@pytest.fixture
def hangs_up(graylog: GelfReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each connection be closed at once, however long that takes.

    Unlike a proxy, the thread that closes it here may have to wait for its turn.
    """
    monkeypatch.setattr(graylog_module, "PROBATION", NEVER_S)
    graylog.hangs_up = True


@pytest.mark.usefixtures("hangs_up")
def test_a_proxy_that_hangs_up(
    output: Output, graylog: GelfReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost to connections that are accepted and closed at once."""
    output.configure(gelf_url=graylog.url)
    expected = count(range(100))
    wait_for(lambda: graylog.connections > 2)
    # While none is accepted, so that each was either closed at once or stays.
    graylog.stop()
    graylog.hangs_up = False
    monkeypatch.setattr(graylog_module, "PROBATION", PROBATION)
    graylog.start()
    wait_for(lambda: numbers(graylog) == expected)


def test_a_flood_from_many_threads(output: Output, graylog: GelfReceiver) -> None:
    """All records of many threads arrive, each thread's in order."""
    output.configure(gelf_url=graylog.url)

    def flood(thread: int) -> None:
        for number in range(1000):
            log.info("flood", thread=thread, number=number)

    threads = [threading.Thread(target=flood, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: len(graylog.messages) == 8000)
    for thread in range(8):
        mine = [m["_number"] for m in graylog.messages if m["_thread"] == thread]
        assert mine == list(range(1000))


@pytest.fixture
def hanging(output: Output, graylog: GelfReceiver, monkeypatch: pytest.MonkeyPatch) -> LogHandler:
    """A handler with more records than fit, and a Graylog that accepts but never reads.

    No call waited for Graylog: a send times out later than this test may take, and all calls
    returned while the first send was still hanging.
    """
    monkeypatch.setattr(graylog_module, "TIMEOUT", NEVER_S)
    graylog.reads = False
    handler = output.configure(gelf_url=graylog.url)
    for number in range(2 * QUEUE_SIZE):
        log.info(str(number), padding=PADDING)
    wait_for(lambda: graylog.connections)
    assert (graylog.connections, graylog.messages) == (1, [])
    assert handler.dropped > 0
    assert len(output.records()) == 2 * QUEUE_SIZE
    return handler


@pytest.mark.usefixtures("hanging")
def test_never_reads(output: Output, graylog: GelfReceiver) -> None:
    """A Graylog that hangs delays no caller; dropped records are counted and reported later."""
    graylog.reads = True
    wait_for(lambda: DROPPED in graylog.texts())
    (report,) = (m for m in graylog.messages if m["short_message"] == DROPPED)
    assert len(numbers(graylog)) + report["_dropped_logs"] == 2 * QUEUE_SIZE
    assert report["level"] == 3
    assert output.records(DROPPED)[0]["dropped_logs"] == report["_dropped_logs"]
    log.info("after")
    wait_for(lambda: "after" in graylog.texts())


def test_closing_while_it_hangs(
    hanging: LogHandler, output: Output, graylog: GelfReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing takes at most about two seconds, and reports the records that were not sent."""
    assert CLOSE_WITHIN <= 2
    monkeypatch.setattr(graylog_module, "CLOSE_WITHIN", CLOSE_WITHIN)
    hanging.close()
    # Closing waited no longer: it returned although nothing was read, and interrupted the send
    # that was hanging.
    wait_for(lambda: not senders(), "the thread still sends")
    assert graylog.messages == []
    (report,) = output.records(DROPPED)
    assert report["dropped_logs"] >= QUEUE_SIZE
    log.info("after")
    assert output.records("after")
    hanging.close()
    assert len(output.records(DROPPED)) == 1


@pytest.mark.usefixtures("hangs_up")
def test_closing_without_graylog(
    output: Output, graylog: GelfReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing doesn't wait for the next attempt, and reports the records that were not sent."""
    monkeypatch.setattr(graylog_module, "DELAYS", (NEVER_S, NEVER_S))
    handler = output.configure(gelf_url=graylog.url)
    count(range(50))
    wait_for(lambda: output.records(UNREACHABLE))
    handler.close()
    # The thread was woken from a delay longer than this test may take, made its last attempt
    # and ended.
    assert senders() == []
    assert graylog.connections == 2
    assert output.records(DROPPED)[0]["dropped_logs"] == 51


def test_reports_always_fit() -> None:
    """The count of dropped records is queued even when the queue is full."""
    graylog = Graylog(GelfAddress("localhost", 1, None))
    event = {"event": "x", "level": "info", "timestamp": "2026-01-02T03:04:05Z"}
    for _ in range(QUEUE_SIZE + 5):
        graylog(None, "info", event)
    assert (graylog._queue.qsize(), graylog._dropped) == (QUEUE_SIZE, 5)
    graylog(None, "error", {**event, "dropped_logs": 5})
    assert graylog._queue.qsize() == QUEUE_SIZE + 1


def test_configuring_twice(output: Output, graylog: GelfReceiver) -> None:
    """A later configuration replaces the earlier one, and no record is duplicated or lost."""
    output.configure(gelf_url=graylog.url, service="first")
    log.info("one")
    output.configure(gelf_url=graylog.url, service="second")
    log.info("two")
    wait_for(lambda: len(graylog.messages) == 2)
    assert [(m["short_message"], m["_service"]) for m in graylog.messages] == [
        ("one", "first"),
        ("two", "second"),
    ]
    assert len(logging.getLogger().handlers) == len(senders()) == 1
    later = Output()
    later.configure()
    log.info("three")
    assert senders() == []
    assert (len(output.records()), len(later.records())) == (2, 1)


PROCESS = """
import multiprocessing, sys
import structlog
from attrai import logs
from attrai.logs import graylog

graylog.CLOSE_WITHIN = 60  # on a busy machine 2 s may not be enough to send everything

def work(name):
    logs.configure("info", sys.stderr, service=name, gelf_url=sys.argv[1])
    for number in range(1000):
        structlog.get_logger().info(str(number))

if __name__ == "__main__":
    work("parent")
    child = multiprocessing.get_context(sys.argv[2]).Process(target=work, args=("child",))
    child.start()
    child.join()
    structlog.get_logger().info("end")
"""


def test_processes_that_end(graylog: GelfReceiver, tmp_path: Path) -> None:
    """A process that ends has sent every record exactly once, whether it was forked or spawned."""
    script = tmp_path / "script.py"
    script.write_text(PROCESS)
    for method in ("fork", "spawn"):
        graylog.messages.clear()
        command = [sys.executable, str(script), graylog.url, method]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        # Not for the last record: the two processes have a connection each.
        wait_for(lambda: len(graylog.messages) >= 2001)
        assert len(done.stderr.splitlines()) == 2001
        for service, sent in ("parent", 1001), ("child", 1000):
            assert sum(m["_service"] == service for m in graylog.messages) == sent
