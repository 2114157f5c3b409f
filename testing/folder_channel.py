"""A channel whose photos are files, and whose pictures become files."""

from __future__ import annotations

from pathlib import Path

from attrai.images.files import read_photo
from attrai.job import Failure, Job
from attrai.rating.files import write_picture

NAME = "folder"
#: The key in a job's address whose value is the path of the picture.
TARGET = "picture"


class FolderChannel:
    """`Job.source` is the path of the photo, `Job.address` that of the picture."""

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        return read_photo(Path(job.source), max_bytes)

    def deliver(self, job: Job, picture: bytes) -> None:
        write_picture(Path(str(job.address[TARGET])), picture)

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Do nothing: there is no file to write."""
