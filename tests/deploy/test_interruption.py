"""How the acceptance test is ended early."""

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

#: A step that would take a minute, and what is done once it was interrupted.
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
    """Whatever is waited for ends, with what it started; what is removed then is removed."""
    with start(step, number, "SIG_DFL") as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        children: list[psutil.Process] = []
        while len(children) < step.count("sleep") * 2:  # the shell, and what it started
            children = psutil.Process(program.pid).children(recursive=True)
        program.send_signal(number)
        assert program.stdout.readline() == "removing\n"
        wait_for(lambda: all(map(is_gone, children)))  # killed, but not yet buried
        program.send_signal(number)
        assert program.stdout.read() == "removed\n"
    assert program.returncode == 0


def test_what_is_ignored_stays_ignored() -> None:
    """Started by nohup, it outlives its terminal."""
    with start('run("sleep", "1.2")', signal.SIGHUP, "SIG_IGN") as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGHUP)
        assert program.stdout.read() == ""
    assert program.returncode == 0


def start(step: str, number: int, before: str) -> subprocess.Popen[str]:
    """Run the program with a step, for which a signal's disposition is `before` at first."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(step=step, number=int(number), before=before)],
        env=os.environ | {"PYTHONPATH": str(SWARM)},
        stdout=subprocess.PIPE,
        text=True,
    )
