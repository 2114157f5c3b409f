"""The way into the chain: a slot in the ledger, then a message in the first queue."""

from __future__ import annotations

import dramatiq

from attrai.actors.stage import publish
from attrai.job import Job
from attrai.ledger import Admission, Ledger


class Intake:
    """Takes jobs in, from several threads."""

    def __init__(self, broker: dramatiq.Broker, ledger: Ledger) -> None:
        self._broker = broker
        self.ledger = ledger

    def submit(self, job: Job) -> Admission:
        """Starts the job if there is a slot for it; one that has failed goes to its answer.

        May be repeated until it returns: a job that was started before goes on as it was
        admitted then, and is answered once.

        Raises:
            dramatiq.errors.BrokerConnectionError: RabbitMQ stayed away.
            redis.RedisError: Redis did.
        """
        admission = self.ledger.admit(job)
        started = self.ledger.admitted(job.id) if admission == "repeated" else job
        if admission in ("admitted", "repeated") and started is not None:
            publish(self._broker, "deliver" if started.failure else "ingest", started)
        return admission
