"""Standard output that is closed, full, unread, or can't encode what is printed to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ASTRONAUT
from tests.programs import unmeasured

FULL = "attrai: standard output: No space left on device\n"
#: Prints a line in a language that ASCII lacks, and says how many files are open below 3.
PROGRAM = """
import os, sys
from attrai.lifecycle.streams import open_closed_streams, run_printing
open_closed_streams()
def command():
    print("жена", "x" * int(sys.argv[1]))
    opened = [number for number in os.listdir("/proc/self/fd") if int(number) < 3]
    print(len(opened), file=sys.stderr)
run_printing(command)
"""

needs_dev_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


def shell(
    command: str, *arguments: str | Path, environment: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    """Run a shell's command, in which "$@" is Python with these arguments."""
    return subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {command}", "bash", sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("length", [1, 1_000_000], ids=["buffered", "unbuffered"])
def test_closed(length: int) -> None:
    """Without standard streams the program runs, and no other file takes their numbers."""
    done = shell('"$@" >&- <&-', "-c", PROGRAM, str(length))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "3\n")
    assert shell('"$@" >&- <&- 2>&-', "-c", PROGRAM, str(length)).returncode == 0


@needs_dev_full
@pytest.mark.parametrize("length", [1, 1_000_000], ids=["buffered", "unbuffered"])
def test_full(length: int) -> None:
    """Full output ends the program with status 1 and one line."""
    done = shell('"$@" >/dev/full', "-c", PROGRAM, str(length))
    assert (done.returncode, done.stderr.removeprefix("3\n")) == (1, FULL)


def test_unread() -> None:
    """If nobody reads the output any more, the program ends with status 1 and says nothing."""
    done = shell('"$@" | true', "-c", PROGRAM, "1000000")
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "жена"), ("ascii", r"\u0436\u0435\u043d\u0430")]
)
def test_encodings(encoding: str, shown: str) -> None:
    """Characters that the encoding lacks are escaped."""
    done = shell(
        '"$@"', "-c", PROGRAM, "1", environment=os.environ | {"PYTHONIOENCODING": encoding}
    )
    assert done.stdout == f"{shown} x\n"


#: Commands that need no server, some with much output and some with little.
COMMANDS = ["--help", "--version", "rate --help", "evaluate --help", "health", "status", "stats"]


@needs_dev_full
@pytest.mark.slow
@pytest.mark.parametrize("command", [*COMMANDS, "rate PHOTO", "rate --json PHOTO"])
def test_commands(command: str, tmp_path: Path) -> None:
    """Every command ends with a line, or with nothing, wherever its output goes."""
    photo = str(shutil.copy(ASTRONAUT, tmp_path / "жена.jpg"))
    arguments = ["-m", "attrai", *command.replace("PHOTO", photo).split(" ")]
    unreachable = {
        "ATTRAI_BROKER_URL": "amqp://127.0.0.1:1",
        "ATTRAI_REDIS_URL": "redis://127.0.0.1:1",
    }
    # Once with coverage is enough: it takes a third of the time of a start.
    environment = unmeasured() | {"TMPDIR": str(tmp_path), **unreachable}
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    plain = shell('"$@"', *arguments, environment=os.environ | environment | ascii_only)
    assert "Traceback" not in plain.stderr
    closed = shell('"$@" >&-', *arguments, environment=environment)
    assert (closed.returncode, closed.stderr) == (plain.returncode, plain.stderr)
    full = shell('"$@" >/dev/full', *arguments, environment=environment)
    assert (full.returncode, full.stderr) == (1, plain.stderr or FULL)
    assert shell('"$@" | true', *arguments, environment=environment).stderr == plain.stderr
