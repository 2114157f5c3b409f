"""A photo store on a volume that all stages mount."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from attrai.storage.atomic import sync_folder, write_atomically
from attrai.storage.store import StoreError, is_job_id, validate_job_id

#: Number of attempts at a write whose job others delete meanwhile. One deletion can undo two
#: attempts, by deleting the temporary file and the folder, and a delivery and a sweep may delete
#: at the same time.
_ATTEMPTS = 5


class VolumeStore:
    """A photo store with one folder per job in `root`.

    Other files and folders in `root` are neither listed nor touched.
    """

    def __init__(self, root: Path) -> None:
        """Check that `root` is usable.

        Raises:
            StoreError: `root` is not a folder, or this process may not read and write it.
        """
        try:
            next(root.iterdir(), None)
        except OSError as error:
            raise StoreError(f"{root} can't be used: {error.strerror}") from error
        # Writing a test file would also fail on a full volume, where deleting must still work.
        if not os.access(root, os.W_OK | os.X_OK):
            raise StoreError(f"{root} can't be used: it may not be written")
        self._root = root

    def write(self, job_id: str, name: str, content: bytes) -> None:
        """Write a file of a job, replacing an earlier one of that name.

        It outlasts a power cut, as does the message that is published next.
        """
        folder = self._folder(job_id)
        for attempts_left in reversed(range(_ATTEMPTS)):
            # Not `exist_ok`, which fails if the folder is deleted while `mkdir` checks for it.
            with suppress(FileExistsError):
                folder.mkdir()
            try:
                write_atomically(folder / name, content, durable=True)
            except FileNotFoundError:
                if not attempts_left:
                    raise
            except BaseException:
                with suppress(OSError):
                    folder.rmdir()  # only if it is empty
                raise
            else:
                # The job's own name. Little is left to write: the file was after it.
                sync_folder(self._root)
                return

    def read(self, job_id: str, name: str) -> bytes:
        """Read a file of a job.

        Raises:
            FileNotFoundError: There is no such file.
        """
        return (self._folder(job_id) / name).read_bytes()

    def delete(self, job_id: str, *names: str) -> None:
        """Delete files of a job; its folder stays until `delete_job`."""
        folder = self._folder(job_id)
        for name in names:
            (folder / name).unlink(missing_ok=True)

    def delete_job(self, job_id: str) -> None:
        """Delete a job's folder with all files in it."""
        folder = self._folder(job_id)
        try:
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
            folder.rmdir()
        except FileNotFoundError:
            pass  # already deleted
        except OSError as error:
            # A file was written meanwhile; it counts as written after this deletion.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise

    def job_ids(self, older_than: float) -> Iterator[str]:
        """Yield the jobs whose folder has not changed in the last `older_than` seconds."""
        newest = time.time() - older_than
        for folder in self._root.iterdir():
            if not is_job_id(folder.name) or folder.is_symlink() or not folder.is_dir():
                continue
            # A write ends with a new name in the folder, which updates the folder's mtime.
            with suppress(FileNotFoundError):
                if folder.stat().st_mtime <= newest:
                    yield folder.name

    def _folder(self, job_id: str) -> Path:
        return self._root / validate_job_id(job_id)
