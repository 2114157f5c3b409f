"""What became of a photo, in the photo store until it is fetched, and for five minutes at most.

A result has a folder of its own, under an id derived from the job's: deliver deletes the job's.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError
from redis import Redis

from attrai.job import Job, job_id
from attrai.ledger import Ledger
from attrai.storage import PICTURE, PhotoStore

#: Seconds for which a result waits to be fetched.
KEPT_SECONDS = 300
#: The job as it ended, beside its picture.
_JOB = "job.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)

    #: The Unix time, by Redis's clock, at which the result is to be deleted.
    until: float
    job: Job


class Results:
    """The results of photos, shared by the process that serves them and by the stages."""

    def __init__(self, redis: Redis, ledger: Ledger, photos: PhotoStore) -> None:
        self._redis, self._ledger, self._photos = redis, ledger, photos

    def keep(self, job: Job, picture: bytes | None) -> None:
        """Keep the job as it ended, and its picture if there is one. May be called again."""
        folder = _folder(job.id)
        # First, so that whatever a kill leaves is deleted in time.
        until = self._ledger.expire_files(folder, KEPT_SECONDS)
        if picture is not None:
            self._photos.write(folder, PICTURE, picture)
        record = _Record(until=until, job=job)
        self._photos.write(folder, _JOB, record.model_dump_json().encode())

    def find(self, id_: str) -> Job | None:
        """Return a job as it ended, or None if there is no result, or no longer."""
        try:
            record = _Record.model_validate_json(self._photos.read(_folder(id_), _JOB))
        except (FileNotFoundError, ValidationError):
            return None
        seconds, microseconds = self._redis.time()
        return record.job if seconds + microseconds / 1e6 < record.until else None

    def picture(self, id_: str) -> bytes | None:
        """Return the picture of a result, if it is there."""
        try:
            return self._photos.read(_folder(id_), PICTURE)
        except FileNotFoundError:
            return None

    def delete(self, id_: str) -> None:
        """Delete a result, if there is one."""
        self._photos.delete_job(_folder(id_))


def _folder(id_: str) -> str:
    return job_id("api result", id_)
