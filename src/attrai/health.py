"""Heartbeat files for health checks: one per process, touched by its consuming thread."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

#: Seconds without a heartbeat after which a process counts as hung.
STALE_SECONDS = 30


def folder() -> Path:
    """Return the folder of the heartbeat files of this container's processes."""
    return Path(gettempdir()) / "attrai-health"


def processes() -> list[int]:
    """Return the ids of the processes that have a heartbeat file, fresh or stale."""
    return [int(name) for name in _last_touches() if name.isdecimal()]


class Heartbeat:
    """The heartbeat file of this process.

    The file may be deleted at any time when temporary files are cleaned up, and the disk may be
    full. Neither ends the process: if the file can't be written, the health check reports it.
    """

    def __init__(self) -> None:
        self._file = folder() / str(os.getpid())
        with suppress(OSError):
            for file in self._file.parent.iterdir():
                if not Path("/proc", file.name).exists():
                    file.unlink(missing_ok=True)
        self.touch()

    def touch(self) -> None:
        """Record that the process is alive."""
        with suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            self._file.touch()

    def remove(self) -> None:
        """Delete the file because the process is shutting down cleanly."""
        with suppress(OSError):
            self._file.unlink()


def problem() -> str | None:
    """Return one line about a missing or stale heartbeat, or None if all processes are healthy."""
    beats = _last_touches()
    if not beats:
        return "no process has a heartbeat here"
    for name, beat in beats.items():
        silent = time.time() - beat
        if silent > STALE_SECONDS:
            return f"process {name} has been silent for {silent:.0f} s"
    return None


def _last_touches() -> dict[str, float]:
    """Return the Unix time of each process's last heartbeat, by process id."""
    beats = {}
    with suppress(OSError):
        for file in folder().iterdir():
            with suppress(FileNotFoundError):  # the process has just ended
                beats[file.name] = file.stat().st_mtime
    return beats
