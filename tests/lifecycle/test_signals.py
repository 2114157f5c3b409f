"""Signals end a process: once in order, twice at once, and never by an exception."""

from __future__ import annotations

import signal
import textwrap

import pytest

from attrai.lifecycle.signals import SIGNALS
from tests.lifecycle.programs import program

NUMBERS = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)


def command(body: str) -> list[str]:
    """Return the arguments of a program whose command has this body."""
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
    """The exit status is 128 and the signal's number, and what the command still does is done."""
    waiting = """
        shutdown.be_graceful()
        print("waits", flush=True)
        shutdown.wait()
        print("ends in order")
    """
    with program(*command(waiting)) as running:
        assert running.line() == "waits"
        running.send(number)
        assert running.end() == (128 + number, "ends in order\n", "")


@NUMBERS
def test_a_command_that_hangs_is_left_alone(number: signal.Signals) -> None:
    """After its time of grace a process ends although its command does not."""
    hanging = """
        shutdown.be_graceful()
        print("hangs", flush=True)
        threading.Lock().acquire() and time.sleep(600)
    """
    with program(*command(hanging)) as running:
        assert running.line() == "hangs"
        running.send(number)
        assert running.end() == (128 + number, "", "")


def test_without_grace_a_command_is_cut_off() -> None:
    """What has not begun anything, such as imports, is not waited for, whatever is unfinished."""
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
    """However long it takes, a command ends by itself while something is unfinished."""
    answering = """
        left = [1]
        shutdown.be_graceful(lambda: bool(left))
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
    """What is unfinished stays so when there is another signal, whichever."""
    answering = """
        shutdown.be_graceful(lambda: True)
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
    """A process that is started by nohup, or in the background of a script, goes on."""
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
    """It ends a process that spends its time in `__del__`, where Python ignores exceptions."""
    deleting = """
        class Deleted:
            def __del__(self):
                for _ in range(100):
                    pass
        shutdown.be_graceful()
        print("deletes", flush=True)
        while not shutdown.requested:
            Deleted()
    """
    with program(*command(deleting)) as running:
        assert running.line() == "deletes"
        running.send(signal.SIGINT)
        assert running.end() == (130, "", "")


def test_a_signal_wakes_whichever_thread_gets_it() -> None:
    """The main thread hears of a signal that the kernel gives to another one."""
    hit = """
        shutdown.be_graceful()
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        shutdown.wait()
    """
    with program(*command(hit)) as running:
        assert running.end() == (143, "", "")


def test_a_command_that_ends_by_itself() -> None:
    """Without a signal the process exits as its command does."""
    for body, status in (("pass", 0), ("sys.exit(3)", 3), ("raise SystemExit", 0)):
        with program(*command(body)) as running:
            assert running.end() == (status, "", "")


def test_an_error_is_shown() -> None:
    """An exception ends the process with its traceback."""
    with program(*command("raise ValueError('seven')")) as running:
        status, output, errors = running.end()
    assert (status, output) == (1, "")
    assert errors.endswith("ValueError: seven\n")


def test_another_program_takes_over_with_signals_blocked() -> None:
    """What comes while one program becomes another one waits until that one looks."""
    source = "import signal; print('waits', flush=True); print(signal.sigwait({signal.SIGTERM}))"
    replaced = f"raise ReplaceProcess([sys.executable, '-c', {source!r}], os.environ)"
    with program(*command(replaced)) as running:
        assert running.line() == "waits"
        running.send(signal.SIGTERM)
        assert running.end() == (0, "15\n", "")


@NUMBERS
def test_the_program_ends_while_it_is_imported(number: signal.Signals) -> None:
    """Before the command line is there, a signal ends `attrai` without a word."""
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
