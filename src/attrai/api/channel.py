"""The stages' end of the HTTP interface: where they get photos from, and leave results."""

from __future__ import annotations

from redis import Redis

from attrai.api.keys import keys_in
from attrai.api.results import Results
from attrai.channels import PhotoReleased
from attrai.errors import StoreUnavailable, TryLater
from attrai.job import Failure, Job
from attrai.services import make_ledger
from attrai.settings import Settings
from attrai.storage import PhotoStore

NAME = "api"
#: The file of a job in which the photo waits for ingest, as it was uploaded.
UPLOAD = "upload"


class ApiChannel:
    """A channel between programs, which ask for results, and the stages."""

    def __init__(self, photos: PhotoStore, results: Results) -> None:
        self._photos, self._results = photos, results

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """Return what was uploaded.

        Raises:
            PhotoReleased: ingest has passed the photo on before.
        """
        try:
            return self._photos.read(job.id, UPLOAD)[: max_bytes + 1]
        except FileNotFoundError as error:
            raise PhotoReleased(UPLOAD) from error

    def release(self, job: Job) -> None:
        """Delete what was uploaded."""
        self._photos.delete(job.id, UPLOAD)

    def deliver(self, job: Job, picture: bytes) -> None:
        """Keep the picture until it is fetched.

        Raises:
            TryLater: there is no room for it.
        """
        self._keep(job, picture)

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Keep the failure for a while; raises as `deliver` does."""
        self._keep(job.with_(failure=failure), None)

    def _keep(self, job: Job, picture: bytes | None) -> None:
        try:
            self._results.keep(job, picture)
        except StoreUnavailable:
            raise
        except OSError as error:  # a full volume, on which not even a failure has room
            raise TryLater(f"the photo store fails: {type(error).__name__}") from error


def open_channel(settings: Settings, redis: Redis, photos: PhotoStore) -> ApiChannel | None:
    """Return the channel if there are API keys. The stages don't need to know them.

    Raises:
        SettingsError: a key is unusable.
    """
    if not keys_in(settings):
        return None
    return ApiChannel(photos, Results(redis, make_ledger(redis, settings), photos))
