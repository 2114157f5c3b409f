"""The stack's acceptance test, if a Docker engine is running or can be started, and its end.

It takes longer than any other test, so it must neither start late nor hold others up. pytest-xdist
gives a process its next file when two tests of the last one are left: with those of interruptions
behind it, that is not before it has ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from testing.servers.server import is_gone
from testing.waiting import wait_for
from tests.deploy.stacks import SWARM

_SKIPPED = 77


@pytest.mark.engine
@pytest.mark.timeout(1800)
def test_verify() -> None:
    """At least 60 photos are answered while the stack is scaled, updated and killed."""
    done = subprocess.run(
        [SWARM / "verify"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    print(done.stdout)
    if done.returncode == _SKIPPED:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr


#: Runs a step that would take a minute, and cleans up after its interruption.
PROGRAM = """
import signal
from verification import interruption
from verification.deployment import wait_for
from verification.shell import run

signal.signal({number}, signal.{before})  # whatever it was where the tests were started
interruption.heed()
print("ready", flush=True)
try:
    {step}
except interruption.Interrupted:
    interruption.ignore()
    print("removing", flush=True)
    run("sleep", "0.6")  # so long that it is looked whether a signal came
    print("removed", flush=True)
"""


@pytest.mark.parametrize(
    ("step", "number"),
    [
        ('run("sh", "-c", "sleep 60; true")', signal.SIGINT),
        ('wait_for(lambda: False, "", 60)', signal.SIGTERM),
        ("interruption.pause(60)", signal.SIGHUP),
    ],
    ids=["a program", "a wait", "a pause"],
)
def test_a_signal_ends_a_step(step: str, number: signal.Signals) -> None:
    """A signal ends any step and its child processes, and cleaning up is not interrupted."""
    with start(step, number, "SIG_DFL") as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        children: list[psutil.Process] = []
        while len(children) < step.count("sleep") * 2:  # the shell and its child
            children = psutil.Process(program.pid).children(recursive=True)
        program.send_signal(number)
        assert program.stdout.readline() == "removing\n"
        wait_for(lambda: all(map(is_gone, children)))  # they may not be reaped yet
        program.send_signal(number)
        assert program.stdout.read() == "removed\n"
    assert program.returncode == 0


def test_what_is_ignored_stays_ignored() -> None:
    """When started by nohup, the test ignores the loss of its terminal."""
    with start('run("sleep", "1.2")', signal.SIGHUP, "SIG_IGN") as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGHUP)
        assert program.stdout.read() == ""
    assert program.returncode == 0


def start(step: str, number: int, before: str) -> subprocess.Popen[str]:
    """Start the program with `step`; `before` is the signal's disposition at first."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(step=step, number=int(number), before=before)],
        env=os.environ | {"PYTHONPATH": str(SWARM)},
        stdout=subprocess.PIPE,
        text=True,
    )
