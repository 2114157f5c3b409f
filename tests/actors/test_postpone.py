"""Postponing: a job that has to wait is requeued, which doesn't count as a failed attempt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from attrai.actors.ingest import Ingest
from attrai.broker import middleware
from attrai.errors import TIMED_OUT, FetchFailed, TryLater, Unconfirmed
from attrai.job import Failure, Job
from attrai.ledger import Ledger, Start
from attrai.processes.embedded import embedded_redis
from attrai.services import Services
from attrai.settings import Settings
from attrai.storage import VolumeStore
from testing.folder_channel import FolderChannel

#: Seconds until a job is overdue.
LIFETIME = 600


class Busy(FolderChannel):
    """A channel that asks to be tried later, after `seconds` seconds if given."""

    def __init__(self, seconds: float | None, error: type[TryLater] = TryLater) -> None:
        self.seconds, self.error = seconds, error
        #: Called before the channel asks for patience.
        self.on_fetch: Callable[[], object] = lambda: None

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        self.on_fetch()
        raise self.error("busy", self.seconds)


class Noting(StubBroker):
    """A broker that records the delay of each message in seconds."""

    def __init__(self) -> None:
        super().__init__(middleware=middleware())
        self.delays: list[float] = []

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        assert delay is not None
        self.delays.append(delay / 1000)
        return super().enqueue(message, delay=delay)


class Chain:
    """An ingest stage whose channel is busy."""

    def __init__(
        self, folder: Path, seconds: float | None, error: type[TryLater] = TryLater
    ) -> None:
        self.redis = embedded_redis()
        self.ledger = Ledger(self.redis, max_active=9, max_pending=9, lifetime=LIFETIME)
        self.broker = Noting()
        self.channel = Busy(seconds, error)
        self.services = Services(
            Settings(job_seconds=LIFETIME),
            VolumeStore(folder),
            self.ledger,
            {"folder": self.channel},
            lambda _: None,
        )
        self.stage = Ingest(self.services)
        self.stage.declare(self.broker)

    def admit(self, job: Job, age: float) -> None:
        """Admit a job as if it had been `age` seconds ago."""
        self.ledger.admit(job)
        for key in ("attrai:jobs", f"attrai:user:{job.user}"):
            self.redis.zincrby(key, -age, job.id)

    def receive(self, job: Job) -> list[tuple[Job, float]]:
        """Process a job, and return the jobs that this publishes with their delays in seconds."""
        self.broker.delays.clear()
        self.stage._receive(job.to_message())
        queue = self.broker.queues["ingest.DQ"].queue
        messages = [dramatiq.Message.decode(queue.popleft()) for _ in range(len(queue))]
        jobs = [Job.from_message(message.args[0]) for message in messages]
        return list(zip(jobs, self.broker.delays, strict=True))


MakeChain = Callable[..., Chain]


@pytest.fixture
def make_chain(tmp_path: Path) -> Iterator[MakeChain]:
    """Return a function that makes a chain, whose decoder ends with the test."""
    with ExitStack() as stack:

        def make(seconds: float | None, error: type[TryLater] = TryLater) -> Chain:
            chain = Chain(tmp_path, seconds, error)
            stack.callback(chain.services.close)
            return chain

        yield make


@pytest.mark.parametrize("seconds", [0.3, 7, 60])
def test_as_long_as_it_says(
    make_chain: MakeChain, make_job: Callable[..., Job], seconds: float
) -> None:
    """A job is requeued with the delay that the channel asks for."""
    chain = make_chain(seconds)
    job = make_job(admitted_at=time.time())
    chain.ledger.admit(job)
    ((again, wait),) = chain.receive(job)
    assert again.with_(queued_at=job.queued_at) == job
    assert wait == pytest.approx(seconds, abs=0.001)  # delays are whole milliseconds


def test_an_overdue_job_that_redis_has_lost(
    make_chain: MakeChain, make_job: Callable[..., Job]
) -> None:
    """A job that the ledger has lost goes back into its queue, as the sweeper doesn't know it."""
    chain = make_chain(1)
    chain.channel.on_fetch = chain.redis.flushall
    job = make_job(admitted_at=time.time())
    chain.admit(job, LIFETIME + 1)
    assert len(chain.receive(job)) == 1


def test_no_attempt_is_counted(make_chain: MakeChain, make_job: Callable[..., Job]) -> None:
    """However often a job is postponed, it is never mistaken for one that kills its workers."""
    chain = make_chain(1)
    job = make_job(admitted_at=time.time())
    chain.ledger.admit(job)
    for _ in range(20):
        ((job, _),) = chain.receive(job)
        assert job.failure is None
    assert starts(chain, job) == 1


@pytest.mark.parametrize(
    ("error", "counted"), [(Unconfirmed, (1, 0)), (FetchFailed, (0, 1)), (TryLater, (0, 0))]
)
def test_what_a_job_remembers(
    make_chain: MakeChain,
    make_job: Callable[..., Job],
    error: type[TryLater],
    counted: tuple[int, int],
) -> None:
    """A job remembers how often its answer was sent without a reply, or its photo refused."""
    chain = make_chain(1, error)
    job = make_job(admitted_at=time.time())
    chain.ledger.admit(job)
    for times in (1, 2, 3):
        ((job, _),) = chain.receive(job)
        assert (job.unconfirmed_sends, job.failed_fetches) == tuple(times * n for n in counted)


def starts(chain: Chain, job: Job) -> int:
    """Begin the stage, and return how often it has started."""
    start = chain.ledger.begin(job, "ingest")
    assert isinstance(start, Start)
    return start.number


@pytest.mark.parametrize("clock", [-3600, 0, 3600])
@pytest.mark.parametrize(
    ("age", "least", "most"),
    [(0, 1, 1.2), (1, 1, 1.2), (20, 10, 12), (100, 50, 60), (500, 60, 72)],
)
def test_longer_and_longer(
    make_chain: MakeChain,
    make_job: Callable[..., Job],
    age: float,
    least: float,
    most: float,
    clock: float,
) -> None:
    """Without a given delay, older jobs wait longer, up to a minute plus random jitter.

    By how much the sender's clock and this process's differ makes no difference.
    """
    chain = make_chain(None)
    job = make_job(admitted_at=time.time() - age + clock)
    began = time.monotonic()
    chain.admit(job, age)
    waits = [chain.receive(job)[0][1] for _ in range(5)]
    # The job has aged meanwhile, and its delay grows with its age.
    older = time.monotonic() - began
    assert all(least <= wait <= most + older for wait in waits)
    assert len(set(waits)) > 1  # two may be equal by chance: they are whole milliseconds


@pytest.mark.parametrize("failure", [None, Failure(code="no-face"), TIMED_OUT])
def test_left_to_the_sweeper(
    make_chain: MakeChain, make_job: Callable[..., Job], failure: Failure | None
) -> None:
    """A job that is overdue is left to the sweeper, and keeps its slot."""
    chain = make_chain(1)
    job = make_job()
    chain.admit(job, LIFETIME + 1)
    assert chain.receive(job.with_(failure=failure)) == []
    assert chain.ledger.holds(job.id)
    assert starts(chain, job) == 1
