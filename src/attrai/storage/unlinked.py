"""A photo store in a file without a name, of which nothing is left however its process ends."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import NamedTuple

from attrai.storage.store import checked


class _Extent(NamedTuple):
    """Where a file lies, and since when."""

    start: int
    end: int
    written: float


class UnlinkedStore:
    """Files one beside the other in a single temporary file, seen by the threads of one process.

    The temporary file has no name from the start, or hardly longer where the system knows no
    such files. So nobody finds a photo in it, a kill frees its space, and it stays when the
    temporary folder is cleaned up.

    dramatiq's time limit raises an exception in the midst of any method. That does no harm, for
    where files lie is told by one dictionary, which changes by single steps; all other space is
    free.
    """

    def __init__(self) -> None:
        """Opens an empty store.

        Raises:
            OSError: there is no temporary folder, or it may not be written.
        """
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - until `close`
        self._lock = threading.Lock()
        self._jobs: dict[str, dict[str, _Extent]] = {}

    def write(self, job_id: str, name: str, content: bytes) -> None:
        """Stores a file of a job, over an earlier one of that name."""
        checked(job_id)
        with self._lock:
            start = self._find_room(len(content))
            try:
                self._put(content, start)
            except OSError:
                self._shrink()
                raise
            extent = _Extent(start, start + len(content), time.time())
            self._jobs.setdefault(job_id, {})[name] = extent

    def read(self, job_id: str, name: str) -> bytes:
        """A file of a job.

        Raises:
            FileNotFoundError: there is none.
        """
        checked(job_id)
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
        """Removes files of a job."""
        checked(job_id)
        with self._lock:
            for name in names:
                self._jobs.get(job_id, {}).pop(name, None)
            self._shrink()

    def delete_job(self, job_id: str) -> None:
        """Removes all files of a job."""
        checked(job_id)
        with self._lock:
            self._jobs.pop(job_id, None)
            self._shrink()

    def job_ids(self, older_than: float) -> Iterator[str]:
        """The jobs with files of which none was written for so many seconds."""
        newest = time.time() - older_than
        with self._lock:
            jobs = {job_id: list(files.values()) for job_id, files in self._jobs.items()}
        for job_id, extents in jobs.items():
            if extents and max(extent.written for extent in extents) <= newest:
                yield job_id

    def close(self) -> None:
        """Gives up all files; nothing can be written any more."""
        with self._lock:
            self._jobs = {}
            self._file.close()

    def _extents(self) -> Iterator[_Extent]:
        for files in self._jobs.values():
            yield from files.values()

    def _find_room(self, length: int) -> int:
        """Where the first `length` bytes in a row are free."""
        start = 0
        for extent in sorted(self._extents()):
            if extent.start - start >= length:
                break
            start = extent.end
        return start

    def _put(self, content: bytes, start: int) -> None:
        left = memoryview(content)
        while left:  # the system may write a part, above all when the disk gets full
            written = os.pwrite(self._file.fileno(), left, start)
            left, start = left[written:], start + written

    def _shrink(self) -> None:
        """Gives back the space behind the last file."""
        end = max((extent.end for extent in self._extents()), default=0)
        os.truncate(self._file.fileno(), end)
