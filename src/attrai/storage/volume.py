"""A photo store on a volume that all stages mount."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from attrai.storage.atomic import write_atomically
from attrai.storage.store import StoreError, checked, is_job_id

#: How often a write is tried while others delete its job. One deletion can undo two attempts,
#: by the temporary file and by the folder; a delivery and a sweep may fall together.
_ATTEMPTS = 5


class VolumeStore:
    """A folder per job below `root`. What else lies there is neither listed nor touched."""

    def __init__(self, root: Path) -> None:
        """Looks whether `root` is usable.

        Raises:
            StoreError: it is no folder, or this process may not read and write it.
        """
        try:
            next(root.iterdir(), None)
        except OSError as error:
            raise StoreError(f"{root} can't be used: {error.strerror}") from error
        # A trial file would fail on a full volume too, where deleting still has to work.
        if not os.access(root, os.W_OK | os.X_OK):
            raise StoreError(f"{root} can't be used: it may not be written")
        self._root = root

    def write(self, job_id: str, name: str, content: bytes) -> None:
        """Stores a file of a job, over an earlier one of that name."""
        folder = self._folder(job_id)
        for attempts_left in reversed(range(_ATTEMPTS)):
            # Not `exist_ok`, which fails where the folder goes while it looks.
            with suppress(FileExistsError):
                folder.mkdir()
            try:
                write_atomically(folder / name, content)
            except FileNotFoundError:
                if not attempts_left:
                    raise
            except BaseException:
                with suppress(OSError):
                    folder.rmdir()  # only if it is empty
                raise
            else:
                return

    def read(self, job_id: str, name: str) -> bytes:
        """A file of a job.

        Raises:
            FileNotFoundError: there is none.
        """
        return (self._folder(job_id) / name).read_bytes()

    def delete(self, job_id: str, *names: str) -> None:
        """Removes files of a job; its folder stays until `delete_job`."""
        folder = self._folder(job_id)
        for name in names:
            (folder / name).unlink(missing_ok=True)

    def delete_job(self, job_id: str) -> None:
        """Removes a job's folder with all files in it."""
        folder = self._folder(job_id)
        try:
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
            folder.rmdir()
        except FileNotFoundError:
            pass  # it is gone already
        except OSError as error:
            # Somebody wrote meanwhile: to him the job came after this deletion.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise

    def job_ids(self, older_than: float) -> Iterator[str]:
        """The jobs with a folder in which nothing was written or deleted for so many seconds."""
        newest = time.time() - older_than
        for folder in self._root.iterdir():
            if not is_job_id(folder.name) or folder.is_symlink() or not folder.is_dir():
                continue
            # A write ends with a new name in the folder, which dates it.
            with suppress(FileNotFoundError):
                if folder.stat().st_mtime <= newest:
                    yield folder.name

    def _folder(self, job_id: str) -> Path:
        return self._root / checked(job_id)
