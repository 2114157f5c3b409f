"""A chain on real RabbitMQ and Redis whose workers sleep instead of working."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dramatiq

from attrai.actors.stage import publish
from attrai.job import Job, StageName, job_id
from attrai.ledger import Ledger
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from bench.eta_worker import ANSWERS, NAME, PATIENCE, PHOTOS, Workers, uneven
from testing.servers import RabbitServer, RedisServer


class SleepingChain:
    """Chain of sleeping workers, and its jobs."""

    def __init__(
        self, ledger: Ledger, rabbitmq: dramatiq.Broker, workers: Workers, folder: Path
    ) -> None:
        self.ledger, self.workers = ledger, workers
        #: File with a line for each answer: the job's id and the Unix time.
        self.answers = folder / ANSWERS
        self._rabbitmq = rabbitmq
        self._jobs = 0

    def start(self, replicas: Mapping[StageName, int]) -> None:
        """Start this many workers of each stage, and wait until all of them are registered.

        Raises:
            RuntimeError: the workers don't start.
        """
        for stage, count in replicas.items():
            for _ in range(count):
                self.workers.add(stage)
        estimates = self.ledger.estimates
        if not await_that(
            lambda: {stage: load.workers for stage, load in estimates.loads().items()} == replicas
        ):
            raise RuntimeError(f"the workers don't start:\n{self.workers.logged()}")

    def next_job(self, rng: random.Random) -> Job:
        """Return a new job of random size, from a user who has no other."""
        number, now = self._jobs, time.time()
        self._jobs += 1
        return Job(
            id=job_id(NAME, number),
            channel=NAME,
            address={"chat": number},
            user=f"user-{number}",
            source=str(uneven(rng, PHOTOS)),
            renderer="boxes",
            admitted_at=now,
            queued_at=now,
        )

    def submit(self, job: Job) -> None:
        """Admit and publish a job.

        Raises:
            RuntimeError: there is no slot for it.
        """
        if self.ledger.admit(job) != "admitted":
            raise RuntimeError("the ledger is full")
        publish(self._rabbitmq, "ingest", job)


@contextmanager
def sleeping_chain(
    name: str, setup: str = "bench.eta_worker:setup", variables: Mapping[str, str] | None = None
) -> Iterator[SleepingChain]:
    """Run the servers of a chain during the block, and yield the chain without workers.

    Args:
        name: prefix of its temporary folder.
        setup: the function that dramatiq calls in each worker.
        variables: environment variables for the workers.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{name}-")))
        rabbit = stack.enter_context(RabbitServer())
        redis = stack.enter_context(RedisServer())
        os.environ |= {
            "ATTRAI_BROKER_URL": rabbit.url,
            "ATTRAI_REDIS_URL": redis.url,
            "ATTRAI_PHOTOS_URL": f"file://{folder}",
            "TMPDIR": str(folder),  # for the workers' heartbeats
            ANSWERS: str(folder / ANSWERS),
            **(variables or {}),
        }
        settings = Settings()
        ledger = make_ledger(open_redis(settings), settings)
        workers = Workers(folder / "log", setup)
        stack.callback(workers.stop)
        chain = SleepingChain(ledger, make_broker(settings, []), workers, folder)
        chain.answers.touch()
        yield chain


def await_that(ready: Callable[[], bool]) -> bool:
    """Wait until `ready` returns true, for at most `PATIENCE` seconds; return whether it does."""
    deadline = time.monotonic() + PATIENCE
    while not ready() and time.monotonic() < deadline:
        time.sleep(0.05)
    return ready()
