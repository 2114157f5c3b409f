"""The way in: a slot in the ledger, then a message in the first queue."""

from __future__ import annotations

import dramatiq

from attrai.actors.stage import publish
from attrai.job import Job
from attrai.ledger import Admission, Ledger


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

    def seconds_to_wait(self, admission: Admission, user: str) -> float | None:
        """Return the seconds until a user's job that was refused may be admitted.

        None if it was not refused.
        """
        match admission:
            case "daily-limit":
                return self.ledger.next_daily(user)
            case "user-busy":
                return self.ledger.estimates.next_slot(user)
            case "busy":
                return self.ledger.estimates.eta()
            case _:
                return None
