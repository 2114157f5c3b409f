"""The interface of photo stores, and the names of the files in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

#: Names of a job's files, each with the stage that writes it.
PHOTO = "photo.jpg"  # ingest
CROPS = "crops.npy"  # detect
PICTURE = "picture.jpg"  # render

_JOB_ID = re.compile(r"[0-9a-f]{32}")


class StoreError(Exception):
    """Raised when a store can't be opened; the message is one line, without credentials."""


class PhotoStore(Protocol):
    """Storage for jobs' files, shared by all stages; several may work on one job at once.

    A file exists completely or not at all. Every operation may be repeated: writing replaces a
    file, and deleting a missing file is not an error.

    Raises:
        OSError: By every method, if the storage is full, fails or can't be reached; a
            `StoreUnavailable` if that is an outage of a server.
        ValueError: By every method, if the job id is invalid.
    """

    def write(self, job_id: str, name: str, content: bytes) -> None:
        """Write a file of a job, replacing an earlier one of that name."""

    def read(self, job_id: str, name: str) -> bytes:
        """Read a file of a job.

        Raises:
            FileNotFoundError: There is no such file.
        """

    def delete(self, job_id: str, *names: str) -> None:
        """Delete files of a job."""

    def delete_job(self, job_id: str) -> None:
        """Delete everything stored for a job, including unfinished files."""

    def job_ids(self, older_than: float) -> Iterator[str]:
        """Yield the jobs in the store with nothing written in the last `older_than` seconds."""


def is_job_id(name: str) -> bool:
    """Return whether `name` is a valid job id: 32 lower-case hexadecimal digits."""
    return _JOB_ID.fullmatch(name) is not None


def validate_job_id(job_id: str) -> str:
    """Return `job_id` if it is valid, so that it can't lead outside the job's own folder.

    Raises:
        ValueError: It is not a valid job id.
    """
    if not is_job_id(job_id):
        raise ValueError(f"{job_id!r} is no job's id")
    return job_id
