"""The photo store: a folder per job, so that messages need not carry images."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

#: What a job's folder holds, and the stage that writes it.
PHOTO = "photo.jpg"  # ingest
CROPS = "crops.npy"  # detect
PICTURE = "picture.jpg"  # render


def write_atomically(path: Path, content: bytes) -> None:
    """Makes `path` hold `content`, or leaves it as it was.

    Raises:
        OSError: it can't be written; nothing else is left behind.
    """
    temporary = path.with_name(f".attrai-{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class PhotoStore:
    """Files of jobs below one folder, which all stages see."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, job_id: str, name: str, content: bytes) -> None:
        """Stores a file of a job, over an earlier one of that name."""
        folder = self._root / job_id
        folder.mkdir(exist_ok=True)
        write_atomically(folder / name, content)

    def read(self, job_id: str, name: str) -> bytes:
        """A file of a job.

        Raises:
            FileNotFoundError: there is none.
        """
        return (self._root / job_id / name).read_bytes()

    def delete(self, job_id: str, *names: str) -> None:
        """Removes files of a job; those that are gone already are no error."""
        for name in names:
            (self._root / job_id / name).unlink(missing_ok=True)

    def delete_job(self, job_id: str) -> None:
        """Removes all files of a job."""
        shutil.rmtree(self._root / job_id, ignore_errors=True)
