"""Running programs of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from verification import interruption

#: The project's root, and the folder of the stack.
ROOT, SWARM = Path(__file__).parents[3], Path(__file__).parents[1]


class ProgramFailed(Exception):
    """A program ended with another exit status than 0; the message holds what it said."""


def run(
    *command: str | Path,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> str:
    """What a program prints on its standard output.

    Args:
        command: the program and its arguments.
        stdin: what it reads.
        cwd: the folder to run it in.
        env: variables besides this process's own.

    Raises:
        ProgramFailed: it ended with another exit status than 0.
        Interrupted: a signal came; the program and those it started are ended.
    """
    program = subprocess.Popen(  # noqa: S603 - the programs are our own
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | (env or {}),
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us
    )
    while True:
        try:
            stdout, stderr = program.communicate(stdin, interruption.LOOK)
            break
        except subprocess.TimeoutExpired:
            stdin = None  # it is written on by the next call, which takes no other
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
    """What `docker` prints, less the white space around it."""
    return run("docker", *arguments, stdin=stdin).strip()


def inspect(*names: str) -> list[dict[str, Any]]:
    """What `docker inspect` knows of objects; those that are gone meanwhile are left out."""
    found: list[dict[str, Any]] = []
    for name in names:
        try:
            found += json.loads(docker("inspect", name))
        except ProgramFailed as error:
            if "No such" not in str(error):
                raise
    return found
