"""The folder channel: photos are files, and the pictures become files beside them."""

from __future__ import annotations

from pathlib import Path

from attrai.errors import SourceUnreadable, Undeliverable
from attrai.job import Failure, Job
from attrai.storage import write_atomically

NAME = "folder"
#: The key in a job's address whose value is the path of the picture.
TARGET = "picture"


class FolderChannel:
    """`Job.source` is the path of the photo, `Job.address` that of the picture."""

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """The first `max_bytes` and one more byte of the photo's file."""
        path = Path(job.source)
        try:
            if path.exists() and not path.is_file():
                # A pipe or a device would be waited for without end.
                raise SourceUnreadable(reason="not a regular file")
            with path.open("rb") as file:
                return file.read(max_bytes + 1)
        except OSError as error:
            raise SourceUnreadable(reason=_reason(error)) from error

    def deliver(self, job: Job, picture: bytes) -> None:
        """Writes the picture, over an older one."""
        path = Path(str(job.address[TARGET]))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, picture)
        except OSError as error:
            raise Undeliverable(reason=_reason(error)) from error

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Nothing: whoever submitted the job learns of its end, and there is no file to write."""


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
