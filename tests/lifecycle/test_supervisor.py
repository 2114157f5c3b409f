"""The supervisor of dramatiq's processes: shutdown, kill and exit status."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from attrai.lifecycle.signals import SIGNALS
from testing.waiting import wait_for
from tests.lifecycle.programs import program

#: A stand-in for dramatiq: prints its process id, exits on SIGTERM, and ignores other signals.
WORKER = """
import os, pathlib, signal, sys, tempfile, time
def end(*_):
    os.write(1, b"ends in order\\n")  # print would fail if it interrupted the one below
    if "slow" not in sys.argv:
        os._exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
if "consumes" in sys.argv:
    folder = pathlib.Path(tempfile.gettempdir(), f"attrai-health-{os.geteuid()}")
    folder.mkdir(exist_ok=True)
    (folder / str(os.getpid())).touch()
print(os.getpid(), flush=True)
while True:
    time.sleep(600)
"""
#: A stand-in for dramatiq with one worker.
DRAMATIQ = f"""
import os, time
while os.fork():
    time.sleep(600)
{WORKER}
"""


def supervised(*arguments: str, source: str = WORKER) -> list[str]:
    """Return arguments for Python that run `source` under a supervisor."""
    return ["-m", "attrai.lifecycle.supervisor", sys.executable, "-c", source, *arguments]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set up a temporary folder that no other process uses."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def is_gone(process: int) -> bool:
    """Return whether a process, which need not be a child of this one, has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_workers_that_consume_end_in_order(number: signal.Signals) -> None:
    """Any signal is passed on to dramatiq as SIGTERM, and determines the exit status."""
    with program(*supervised("consumes")) as running:
        worker = int(running.line())
        running.send(number)
        assert running.end() == (128 + number, "ends in order\n", "")
        assert is_gone(worker)


def test_workers_that_do_not_consume_yet_are_killed() -> None:
    """Workers that still wait for their servers have no work to finish, and are killed."""
    with program(*supervised()) as running:
        worker = int(running.line())
        running.send(signal.SIGTERM)
        assert running.end() == (143, "", "")
        assert is_gone(worker)


def test_a_second_signal_kills_them() -> None:
    """A second signal kills a worker that takes too long to shut down."""
    with program(*supervised("consumes", "slow")) as running:
        worker = int(running.line())
        running.send(signal.SIGINT)
        assert running.line() == "ends in order"
        running.send(signal.SIGTERM)
        assert running.end() == (130, "", "")
        assert is_gone(worker)


def test_an_ignored_signal_reaches_nobody() -> None:
    """A worker started with nohup ignores SIGHUP."""
    with program(*supervised("consumes"), ignored=signal.SIGHUP) as running:
        running.line()
        running.send(signal.SIGHUP)
        running.send(signal.SIGTERM)
        assert running.end()[0] == 143


@pytest.mark.parametrize(
    ("source", "status"),
    [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137), ("", 0)],
)
def test_the_status_of_workers_is_passed_on(source: str, status: int) -> None:
    """The supervisor exits with the status of workers that exit on their own."""
    with program(*supervised(source=source)) as running:
        assert running.end() == (status, "", "")


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")
def test_workers_end_with_a_supervisor_that_is_killed() -> None:
    """Workers shut down when their supervisor is killed."""
    with program(*supervised("consumes")) as running:
        worker = int(running.line())
        os.kill(running.pid, signal.SIGKILL)
        assert running.line() == "ends in order"
        wait_for(lambda: is_gone(worker))


def test_workers_end_with_a_dramatiq_that_is_killed() -> None:
    """Workers shut down when the process that started them is killed."""
    with program(*supervised(source=DRAMATIQ)) as running:
        worker = int(running.line())
        os.kill(psutil.Process(worker).ppid(), signal.SIGKILL)
        assert running.end() == (137, "ends in order\n", "")
        wait_for(lambda: is_gone(worker))
