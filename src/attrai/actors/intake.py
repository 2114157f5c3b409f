"""The way in: a slot in the ledger, then a message in the first queue."""

from __future__ import annotations

from typing import NamedTuple

import dramatiq

from attrai.actors.stage import publish
from attrai.job import Job
from attrai.ledger import Admission, Ledger
from attrai.locales import time_until


class LimitReached(NamedTuple):
    """A limit that kept a job out."""

    #: The estimated seconds until the job may be admitted.
    seconds: float
    #: The number of the user's photos that are allowed, if the limit is about these.
    photos: int | None = None

    def details(self, locale: str) -> dict[str, int | float | str]:
        """Return what the message for the user says of the limit."""
        limit = {} if self.photos is None else {"limit": self.photos}
        return {**limit, "when": time_until(self.seconds, locale)}


class Intake:
    """Admits jobs and publishes them, from several threads."""

    def __init__(self, broker: dramatiq.Broker, ledger: Ledger) -> None:
        self._broker = broker
        self.ledger = ledger

    def submit(self, job: Job, photo: str | None = None) -> Admission:
        """Start the job if there is a slot for it; a failed one is published to deliver.

        `photo` is the id of an earlier job with the same photo, if there was one.

        May be called again until it returns: a job that was started before goes on as it was
        admitted then, and is answered once.

        Raises:
            dramatiq.errors.BrokerConnectionError: RabbitMQ can't be reached.
            redis.RedisError: Redis can't be reached.
        """
        admission = self.ledger.admit(job, photo)
        started = self.ledger.admitted(job.id) if admission == "repeated" else job
        if admission in ("admitted", "repeated") and started is not None:
            publish(self._broker, "deliver" if started.failure else "ingest", started)
        return admission

    def limit_reached(self, admission: Admission, user: str) -> LimitReached | None:
        """Return the limit that kept a user's job out, or None if none did."""
        match admission:
            case "daily-limit":
                return LimitReached(self.ledger.next_daily(user), self.ledger.max_daily)
            case "user-busy":
                return LimitReached(self.ledger.estimates.next_slot(user), self.ledger.max_active)
            case "busy":
                return LimitReached(self.ledger.estimates.eta())
            case _:
                return None
