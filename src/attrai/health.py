"""Heartbeat files for health checks: one per process, touched by its consuming thread."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir

#: Seconds without a heartbeat after which a process counts as hung.
STALE_SECONDS = 30
#: Nobody but its owner may look into the folder.
_FOLDER_MODE = 0o700


def folder() -> Path:
    """Return the folder of the heartbeat files of this user's processes in this container."""
    return Path(gettempdir()) / f"attrai-health-{os.geteuid()}"


def processes() -> list[int]:
    """Return the ids of the processes that have a heartbeat file, fresh or stale."""
    with suppress(OSError):
        return [*_last_touches()]
    return []


class Heartbeat:
    """The heartbeat file of this process.

    The file may be deleted at any time when temporary files are cleaned up, and the disk may be
    full. Neither ends the process: if the file can't be written, the health check reports it.
    """

    def __init__(self) -> None:
        self._name = str(os.getpid())
        with suppress(OSError), _opened_folder() as own:
            for process in _files(own):
                if not Path("/proc", str(process)).exists():
                    os.unlink(str(process), dir_fd=own)
        self.touch()

    def touch(self) -> None:
        """Record that the process is alive."""
        with suppress(OSError):
            with suppress(FileExistsError):
                folder().mkdir(mode=_FOLDER_MODE)
            with _opened_folder() as own:
                file = os.open(
                    self._name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600, dir_fd=own
                )
                try:
                    os.utime(file)
                finally:
                    os.close(file)

    def remove(self) -> None:
        """Delete the file because the process is shutting down cleanly."""
        with suppress(OSError), _opened_folder() as own:
            os.unlink(self._name, dir_fd=own)


def problem() -> str | None:
    """Return one line about a missing or stale heartbeat, or None if all processes are healthy."""
    try:
        beats = _last_touches()
    except FileNotFoundError:
        beats = {}
    except OSError:
        return f"{folder()} is not a folder of this user's own"
    if not beats:
        return "no process has a heartbeat here"
    for process, beat in beats.items():
        silent = time.time() - beat
        if silent > STALE_SECONDS:
            return f"process {process} has been silent for {silent:.0f} s"
    return None


@contextmanager
def _opened_folder() -> Iterator[int]:
    """Yield a descriptor of the folder, through which nothing outside of it can be reached.

    Everybody can write to the temporary folder. Another user may have put a folder or a link where
    ours belongs.

    Raises:
        OSError: there is no folder there, or it belongs to another user.
    """
    descriptor = os.open(folder(), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise PermissionError(f"{folder()} belongs to another user")
        if stat.S_IMODE(status.st_mode) != _FOLDER_MODE:
            os.fchmod(descriptor, _FOLDER_MODE)
        yield descriptor
    finally:
        os.close(descriptor)


def _files(own: int) -> dict[int, float]:
    """Return when each heartbeat file in the folder was touched, as Unix time by process id."""
    times = {}
    for name in os.listdir(own):
        with suppress(FileNotFoundError):  # the process has just ended
            status = os.stat(name, dir_fd=own, follow_symlinks=False)
            if name.isdecimal() and stat.S_ISREG(status.st_mode):
                times[int(name)] = status.st_mtime
    return times


def _last_touches() -> dict[int, float]:
    """Return the Unix time of each process's last heartbeat, by process id.

    Raises:
        OSError: there is no folder, or it belongs to another user.
    """
    with _opened_folder() as own:
        return _files(own)
