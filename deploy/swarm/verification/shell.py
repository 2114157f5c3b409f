"""Running this machine's programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from verification import interruption

#: The project's root folder, and the stack's folder.
ROOT, SWARM = Path(__file__).parents[3], Path(__file__).parents[1]


class ProgramFailed(Exception):
    """Raised when a program's exit status is not 0; the message contains its output."""


def run(
    *command: str | Path,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> str:
    """Run a program, and return its standard output.

    Args:
        command: the program and its arguments.
        stdin: its standard input; empty if None.
        cwd: the folder to run it in.
        env: environment variables to add to those of this process.

    Raises:
        ProgramFailed: its exit status is not 0.
        Interrupted: a signal was received; the program and its children are terminated.
    """
    program = subprocess.Popen(  # noqa: S603 - the programs are our own
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | (env or {}),
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C goes to the test alone
    )
    while True:
        try:
            stdout, stderr = program.communicate(stdin, interruption.LOOK)
            break
        except subprocess.TimeoutExpired:
            stdin = None  # the next call goes on writing it, and must not be given it again
            _end_if_interrupted(program)
    if program.returncode:
        said = (stdout + stderr)[-3000:]
        raise ProgramFailed(f"{' '.join(map(str, command[:4]))}: {program.returncode}: {said}")
    return stdout


def _end_if_interrupted(program: subprocess.Popen[str]) -> None:
    try:
        interruption.check()
    except interruption.Interrupted:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGTERM)
        program.communicate()
        raise


def docker(*arguments: str | Path, stdin: str | None = None) -> str:
    """Run `docker`, and return its output without surrounding whitespace."""
    return run("docker", *arguments, stdin=stdin).strip()


def inspect(*names: str) -> list[dict[str, Any]]:
    """Return the output of `docker inspect` for objects, except for those that no longer exist."""
    found: list[dict[str, Any]] = []
    for name in names:
        try:
            found += json.loads(docker("inspect", name))
        except ProgramFailed as error:
            if "No such" not in str(error):
                raise
    return found
