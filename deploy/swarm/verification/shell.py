"""Running programs of this machine."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

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
    """
    done = subprocess.run(  # noqa: S603 - the programs are our own
        [str(part) for part in command],
        input=stdin,
        cwd=cwd,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-3000:]
        raise ProgramFailed(f"{' '.join(map(str, command[:4]))}: {done.returncode}: {said}")
    return done.stdout


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
