"""A photo store in an unnamed file, which leaves nothing behind however its process ends."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import NamedTuple

from attrai.storage.store import validate_job_id


class _Extent(NamedTuple):
    """The byte range of a file, and the Unix time at which it was written."""

    start: int
    end: int
    written: float


class UnlinkedStore:
    """A photo store in a single temporary file, shared by the threads of one process.

    The temporary file never has a name, or loses it immediately where the system does not support
    unnamed files. So nobody can find a photo in it, its space is freed if the process is killed,
    and it survives a clean-up of the temporary folder.

    dramatiq's time limit can raise an exception in the middle of any method. That does no harm:
    a single dictionary records where files lie, it changes in single steps, and all other space
    is free.
    """

    def __init__(self) -> None:
        """Open an empty store.

        Raises:
            OSError: There is no temporary folder, or it is not writable.
        """
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - until `close`
        self._lock = threading.Lock()
        self._jobs: dict[str, dict[str, _Extent]] = {}

    def write(self, job_id: str, name: str, content: bytes) -> None:
        """Write a file of a job, replacing an earlier one of that name."""
        validate_job_id(job_id)
        with self._lock:
            start = self._first_gap(len(content))
            try:
                self._write_all(content, start)
            except OSError:
                self._shrink()
                raise
            extent = _Extent(start, start + len(content), time.time())
            self._jobs.setdefault(job_id, {})[name] = extent

    def read(self, job_id: str, name: str) -> bytes:
        """Read a file of a job.

        Raises:
            FileNotFoundError: There is no such file.
        """
        validate_job_id(job_id)
        with self._lock:
            extent = self._jobs.get(job_id, {}).get(name)
            if extent is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
            length = extent.end - extent.start
            content = os.pread(self._file.fileno(), length, extent.start)
        if len(content) < length:
            raise OSError(errno.EIO, os.strerror(errno.EIO), name)
        return content

    def delete(self, job_id: str, *names: str) -> None:
        """Delete files of a job."""
        validate_job_id(job_id)
        with self._lock:
            for name in names:
                self._jobs.get(job_id, {}).pop(name, None)
            self._shrink()

    def delete_job(self, job_id: str) -> None:
        """Delete all files of a job."""
        validate_job_id(job_id)
        with self._lock:
            self._jobs.pop(job_id, None)
            self._shrink()

    def job_ids(self, older_than: float) -> Iterator[str]:
        """Yield the jobs with files, none of them written in the last `older_than` seconds."""
        newest = time.time() - older_than
        with self._lock:
            jobs = {job_id: list(files.values()) for job_id, files in self._jobs.items()}
        for job_id, extents in jobs.items():
            if extents and max(extent.written for extent in extents) <= newest:
                yield job_id

    def close(self) -> None:
        """Discard all files and close the store; nothing can be written to it any more."""
        with self._lock:
            self._jobs = {}
            self._file.close()

    def _extents(self) -> Iterator[_Extent]:
        for files in self._jobs.values():
            yield from files.values()

    def _first_gap(self, length: int) -> int:
        """Return the offset of the first `length` consecutive free bytes."""
        start = 0
        for extent in sorted(self._extents()):
            if extent.start - start >= length:
                break
            start = extent.end
        return start

    def _write_all(self, content: bytes, start: int) -> None:
        left = memoryview(content)
        while left:  # the system may write only a part, especially when the disk is nearly full
            written = os.pwrite(self._file.fileno(), left, start)
            left, start = left[written:], start + written

    def _shrink(self) -> None:
        """Free the space after the last file."""
        end = max((extent.end for extent in self._extents()), default=0)
        os.truncate(self._file.fileno(), end)
