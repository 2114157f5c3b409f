"""The protocol of a channel: where photos come from and answers go."""

from __future__ import annotations

from typing import Protocol

from attrai.job import Failure, Job


class Channel(Protocol):
    """A front end. Its methods are called from several threads."""

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """Return the bytes of the job's photo, or `max_bytes` and one more of a larger file.

        Raises:
            UserError: there is no way to get them; the user is told why.
            TryLater: the stage is to be tried again later.
            FetchFailed: as above, but not for ever. The next attempt finds in the job how often
                this happened.
        """
        ...

    def deliver(self, job: Job, picture: bytes) -> None:
        """Send the rated picture, a JPEG; the scores are in the job.

        Raises:
            UserError: there is no way to send it.
            TryLater: the stage is to be tried again later.
            Unconfirmed: as above, and the picture may have arrived. The next attempt finds in the
                job how often this happened.
        """
        ...

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Say why there is no picture; raises as `deliver` does."""
        ...
