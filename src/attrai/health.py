"""Signs of life: a file per process that its consuming thread touches, for health checks."""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import gettempdir

#: A process that did not touch its file for so many seconds hangs.
STALE_SECONDS = 30


def folder() -> Path:
    """Where the processes of this container have their files."""
    return Path(gettempdir()) / "attrai-health"


def processes() -> list[int]:
    """Return the ids of the processes that have a file."""
    return [int(file.name) for file in folder().iterdir()] if folder().is_dir() else []


class Pulse:
    """The file of this process."""

    def __init__(self) -> None:
        folder().mkdir(exist_ok=True)
        for file in folder().iterdir():
            if not Path("/proc", file.name).exists():
                file.unlink(missing_ok=True)
        self._file = folder() / str(os.getpid())
        self.beat()

    def beat(self) -> None:
        """Says that the process lives."""
        self._file.touch()

    def stop(self) -> None:
        """The process ends in order."""
        self._file.unlink(missing_ok=True)


def problem() -> str | None:
    """What is wrong with the processes here, in one line; None when all are well."""
    files = list(folder().iterdir()) if folder().is_dir() else []
    if not files:
        return "no process has given a sign of life"
    for file in files:
        silent = time.time() - file.stat().st_mtime
        if silent > STALE_SECONDS:
            return f"process {file.name} has been silent for {silent:.0f} s"
    return None
