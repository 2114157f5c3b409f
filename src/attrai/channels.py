"""Channels: where a photo comes from and where its answer goes."""

from __future__ import annotations

from typing import Protocol

from attrai.job import Failure, Job


class Channel(Protocol):
    """One kind of front end. Implementations are called from several threads."""

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """The bytes of the job's photo; of a larger file `max_bytes` and one more suffice.

        Raises:
            UserError: they can't be had, and trying again is of no use.
            TryLater: trying again is of use.
        """
        ...

    def deliver(self, job: Job, picture: bytes) -> None:
        """Hands over the rated picture, a JPEG; the scores are in the job.

        Raises:
            UserError: it can't be handed over, and trying again is of no use.
            TryLater: trying again is of use.
        """
        ...

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Says why there is no picture; raises as `deliver` does."""
        ...
