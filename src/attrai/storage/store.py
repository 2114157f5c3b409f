"""What a photo store is, whatever it lies on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

#: What a store holds of a job, and the stage that writes it.
PHOTO = "photo.jpg"  # ingest
CROPS = "crops.npy"  # detect
PICTURE = "picture.jpg"  # render

_JOB_ID = re.compile(r"[0-9a-f]{32}")


class StoreError(Exception):
    """A store can't be opened; the message is one line, without credentials."""


class PhotoStore(Protocol):
    """Files of jobs, which all stages see; several may work on the same job at once.

    A file is there as a whole or not at all. Everything may be done again: writing
    replaces, and deleting what is gone is no error.

    Raises:
        OSError: from every method: the storage is full, fails or can't be reached.
        ValueError: from every method: the id is no job's.
    """

    def write(self, job_id: str, name: str, content: bytes) -> None:
        """Stores a file of a job, over an earlier one of that name."""

    def read(self, job_id: str, name: str) -> bytes:
        """A file of a job.

        Raises:
            FileNotFoundError: there is none.
        """

    def delete(self, job_id: str, *names: str) -> None:
        """Removes files of a job."""

    def delete_job(self, job_id: str) -> None:
        """Removes all that is there of a job, unfinished files too."""

    def job_ids(self, older_than: float) -> Iterator[str]:
        """The jobs of which something is left and nothing was written for `older_than` seconds."""


def is_job_id(name: str) -> bool:
    """Whether a folder or a key of that name can be ours."""
    return _JOB_ID.fullmatch(name) is not None


def checked(job_id: str) -> str:
    """The id, once it is sure that it leads nowhere but to a job's own place.

    Raises:
        ValueError: it is no job's id.
    """
    if not is_job_id(job_id):
        raise ValueError(f"{job_id!r} is no job's id")
    return job_id
