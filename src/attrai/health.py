"""Heartbeats: a file per process that its consuming thread touches, for health checks."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

#: A process that did not touch its file for so many seconds hangs.
STALE_SECONDS = 30


def folder() -> Path:
    """Where the processes of this container have their files."""
    return Path(gettempdir()) / "attrai-health"


def processes() -> list[int]:
    """Return the ids of the processes that have a heartbeat, fresh or not."""
    return [int(name) for name in _last_touches() if name.isdecimal()]


class Heartbeat:
    """The file of this process.

    Whoever cleans up temporary files may take it away at any time, and the disk may be full: a
    process does not end for that. When nothing can be written, the health check tells.
    """

    def __init__(self) -> None:
        self._file = folder() / str(os.getpid())
        with suppress(OSError):
            for file in self._file.parent.iterdir():
                if not Path("/proc", file.name).exists():
                    file.unlink(missing_ok=True)
        self.touch()

    def touch(self) -> None:
        """Says that the process lives."""
        with suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            self._file.touch()

    def remove(self) -> None:
        """The process ends in order."""
        with suppress(OSError):
            self._file.unlink()


def problem() -> str | None:
    """What is wrong with the processes here, in one line; None when all are well."""
    beats = _last_touches()
    if not beats:
        return "no process has a heartbeat here"
    for name, beat in beats.items():
        silent = time.time() - beat
        if silent > STALE_SECONDS:
            return f"process {name} has been silent for {silent:.0f} s"
    return None


def _last_touches() -> dict[str, float]:
    """When each process touched its file."""
    beats = {}
    with suppress(OSError):
        for file in folder().iterdir():
            with suppress(FileNotFoundError):  # it has just ended
                beats[file.name] = file.stat().st_mtime
    return beats
