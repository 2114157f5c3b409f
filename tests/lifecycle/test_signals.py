"""Signals: the first shuts the process down, the second ends it, and none raises an exception."""

from __future__ import annotations

import signal
import textwrap

import pytest

from attrai.lifecycle.signals import SIGNALS
from tests.lifecycle.programs import program

NUMBERS = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)


def command(body: str) -> list[str]:
    """Return arguments for Python that run a command with this body."""
    source = f"""
import os, signal, sys, threading, time
from attrai.lifecycle.signals import ReplaceProcess, run
def command(shutdown):
{textwrap.indent(textwrap.dedent(body), "    ")}
run(command)
"""
    return ["-c", source]


@NUMBERS
def test_a_signal_ends_a_command_that_heeds_it(number: signal.Signals) -> None:
    """The exit status is 128 plus the signal's number, and the command finishes its work."""
    waiting = """
        shutdown.set_grace_period()
        shutdown.grace_seconds = 600  # not because of the grace period
        print("waits", flush=True)
        shutdown.wait()
        print("ends in order", flush=True)
    """
    with program(*command(waiting)) as running:
        assert running.line() == "waits"
        running.send(number)
        assert running.end() == (128 + number, "ends in order\n", "")


@NUMBERS
def test_a_command_that_hangs_is_left_alone(number: signal.Signals) -> None:
    """A process exits after its grace period even if its command hangs."""
    hanging = """
        shutdown.set_grace_period()
        print("hangs", flush=True)
        threading.Lock().acquire() and time.sleep(600)
    """
    with program(*command(hanging)) as running:
        assert running.line() == "hangs"
        running.send(number)
        assert running.end() == (128 + number, "", "")


def test_without_grace_a_command_is_cut_off() -> None:
    """A process without a grace period exits at once, for example during imports."""
    importing = """
        shutdown.grace_seconds = 0
        print("imports", flush=True)
        time.sleep(600)
    """
    with program(*command(importing)) as running:
        assert running.line() == "imports"
        running.send(signal.SIGINT)
        assert running.end() == (130, "", "")


def test_what_is_unfinished_is_finished() -> None:
    """A command with unfinished work is not ended before it has finished it."""
    answering = """
        left = [1]
        shutdown.set_grace_period(lambda: bool(left))
        print("answers", flush=True)
        shutdown.wait()
        time.sleep(shutdown.grace_seconds + 0.5)
        print("answered", flush=True)
        left.clear()
        time.sleep(600)
    """
    with program(*command(answering)) as running:
        assert running.line() == "answers"
        running.send(signal.SIGTERM)
        assert running.end() == (143, "answered\n", "")


def test_a_second_signal_ends_it_at_once() -> None:
    """A second signal of any kind ends the process despite unfinished work."""
    answering = """
        shutdown.set_grace_period(lambda: True)
        print("answers", flush=True)
        shutdown.wait()
        print("goes on", flush=True)
        time.sleep(600)
    """
    with program(*command(answering)) as running:
        assert running.line() == "answers"
        running.send(signal.SIGTERM)
        assert running.line() == "goes on"
        running.send(signal.SIGINT)
        assert running.end() == (130, "", "")


@NUMBERS
def test_what_is_ignored_stays_ignored(number: signal.Signals) -> None:
    """A signal that is ignored, as under nohup or in a script's background, has no effect."""
    going_on = """
        print("waits", flush=True)
        print(sys.stdin.readline().strip() or shutdown.requested, flush=True)
        shutdown.wait()
    """
    other = signal.SIGTERM if number != signal.SIGTERM else signal.SIGINT
    with program(*command(going_on), ignored=number) as running:
        assert running.line() == "waits"
        running.send(number)
        running.send(other)
        assert running.end()[0] == 128 + other


def test_a_signal_is_not_lost_where_exceptions_are() -> None:
    """A signal ends a process that is busy in `__del__`, where Python ignores exceptions."""
    deleting = """
        class Deleted:
            def __del__(self):
                for _ in range(100):
                    pass
        shutdown.set_grace_period()
        print("deletes", flush=True)
        while not shutdown.requested:
            Deleted()
    """
    with program(*command(deleting)) as running:
        assert running.line() == "deletes"
        running.send(signal.SIGINT)
        assert running.end() == (130, "", "")


def test_a_signal_wakes_whichever_thread_gets_it() -> None:
    """The main thread is woken by a signal that the kernel delivers to another thread."""
    hit = """
        shutdown.set_grace_period()
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        shutdown.wait()
    """
    with program(*command(hit)) as running:
        assert running.end() == (143, "", "")


def test_a_command_that_ends_by_itself() -> None:
    """Without a signal, the process exits with the status of its command."""
    for body, status in (("pass", 0), ("sys.exit(3)", 3), ("raise SystemExit", 0)):
        with program(*command(body)) as running:
            assert running.end() == (status, "", "")


def test_an_error_is_shown() -> None:
    """An exception in the command ends the process with a traceback."""
    with program(*command("raise ValueError('seven')")) as running:
        status, output, errors = running.end()
    assert (status, output) == (1, "")
    assert errors.endswith("ValueError: seven\n")


def test_another_program_takes_over_with_signals_blocked() -> None:
    """A signal during the replacement of the program stays pending for the new one."""
    source = "import signal; print('waits', flush=True); print(signal.sigwait({signal.SIGTERM}))"
    replaced = f"raise ReplaceProcess([sys.executable, '-c', {source!r}], os.environ)"
    with program(*command(replaced)) as running:
        assert running.line() == "waits"
        running.send(signal.SIGTERM)
        assert running.end() == (0, "15\n", "")


@NUMBERS
def test_the_program_ends_while_it_is_imported(number: signal.Signals) -> None:
    """A signal during the import of the command line ends `attrai` without output."""
    source = """
import sys, attrai
class Slow:
    def find_spec(self, name, path, target=None):
        if name == "attrai.cli":
            print("imports", flush=True)
            import time; time.sleep(600)
sys.meta_path.insert(0, Slow())
from attrai.__main__ import main
main()
"""
    with program("-c", source) as running:
        assert running.line() == "imports"
        running.send(number)
        assert running.end() == (128 + number, "", "")
