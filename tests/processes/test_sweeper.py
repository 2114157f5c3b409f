"""The sweeper: what it can't publish is the next round's, and files wait for their message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from redis import Redis

from attrai.actors.deliver import Deliver
from attrai.broker import middleware
from attrai.errors import INTERNAL, TryLater
from attrai.job import STAGES, Failure, Job, job_id
from attrai.ledger import Ledger
from attrai.ledger.constants import MAX_SWEPT, ORPHAN_MARGIN_SECONDS, SWEEP_RETRY_MAX_SECONDS
from attrai.processes import sweeper
from attrai.processes.embedded import embedded_redis
from attrai.processes.sweeper import sweep
from attrai.services import Services
from attrai.settings import Settings
from attrai.storage import PICTURE, VolumeStore
from testing.folder_channel import FolderChannel
from tests.ledger.test_ledger import advance_time

LIFETIME = 1800


class Away(StubBroker):
    """A broker that refuses all messages but the first `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(middleware=middleware())
        self.limit = limit
        for stage in STAGES:
            self.declare_queue(stage)

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        if self.limit <= 0:
            raise dramatiq.errors.ConnectionClosed("away")
        self.limit -= 1
        return super().enqueue(message, delay=delay)

    def take(self) -> list[Job]:
        """Take all messages out of deliver's queue."""
        queue = self.queues["deliver"].queue
        messages = [dramatiq.Message.decode(queue.popleft()) for _ in range(len(queue))]
        return [Job.from_message(message.args[0]) for message in messages]


@pytest.fixture
def redis() -> Redis:
    return embedded_redis()


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(
        redis, max_active=9, max_pending=9999, lifetime=LIFETIME, today=lambda: "2026-03-02"
    )


@pytest.fixture
def photos(tmp_path: Path) -> VolumeStore:
    return VolumeStore(tmp_path)


@pytest.fixture
def jobs(make_job: Callable[..., Job], redis: Redis, ledger: Ledger) -> list[Job]:
    """Return jobs that are overdue."""
    jobs = [make_job(id=job_id("test", number), user=f"user-{number}") for number in range(120)]
    for job in jobs:
        ledger.admit(job)
    advance_time(redis, LIFETIME + 1)
    return jobs


@pytest.mark.usefixtures("jobs")
def test_what_cannot_be_published(ledger: Ledger, photos: VolumeStore) -> None:
    """Jobs that RabbitMQ doesn't take are published by the next round, the others aren't again."""
    broker = Away(3)
    with pytest.raises(dramatiq.errors.ConnectionClosed):
        sweep(broker, ledger, photos)
    first = broker.take()
    assert len(first) == 3
    broker.limit = 9999
    assert sweep(broker, ledger, photos) == (MAX_SWEPT - 3, 0)
    assert not {job.id for job in first} & {job.id for job in broker.take()}


class TelegramAway(FolderChannel):
    """A channel that can't be reached until it is back."""

    def __init__(self) -> None:
        self.back = False
        self.answers: list[str] = []

    def send_failure(self, job: Job, failure: Failure) -> None:
        if not self.back:
            raise TryLater("away")
        self.answers.append(job.id)


def test_telegram_away_for_hours(
    redis: Redis, ledger: Ledger, photos: VolumeStore, jobs: list[Job]
) -> None:
    """While Telegram is away no queue grows; when it is back each job is answered once."""
    broker, channel = Away(10**6), TelegramAway()
    services = Services(Settings(), photos, ledger, {"folder": channel}, lambda _job: None)
    deliver = Deliver(services)
    deliver.declare(broker)
    attempts = []
    for _ in range(12):  # a quarter of an hour each
        tried = 0
        sweep(broker, ledger, photos)
        while copies := broker.take():
            assert len(copies) <= MAX_SWEPT
            assert len({job.id for job in copies}) == len(copies)
            for job in copies:
                deliver._receive(job.to_message())
            tried += len(copies)
            sweep(broker, ledger, photos)
        assert not broker.queues["deliver.DQ"].queue
        attempts.append(tried)
        advance_time(redis, SWEEP_RETRY_MAX_SECONDS)
    assert attempts == [len(jobs)] * 12
    channel.back = True
    for _ in range(4):
        sweep(broker, ledger, photos)
        for job in broker.take():
            deliver._receive(job.to_message())
    assert sorted(channel.answers) == sorted(job.id for job in jobs)
    assert ledger.in_flight() == 0


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be old at once."""
    monkeypatch.setattr(sweeper, "ORPHAN_MIN_SECONDS", 0)


@pytest.mark.usefixtures("no_grace")
def test_files_wait_for_their_message(
    redis: Redis, ledger: Ledger, photos: VolumeStore, make_job: Callable[..., Job]
) -> None:
    """After Redis has lost its data files are kept for as long as a message may need them."""
    lost, answered = make_job(), make_job(id=job_id("test", "answered"))
    for job in (lost, answered):
        ledger.admit(job)
        photos.write(job.id, PICTURE, b"picture")
    redis.flushall()
    ledger.finish(answered)
    assert sweep(Away(0), ledger, photos) == (0, 1)
    assert list(photos.job_ids(0)) == [lost.id]
    assert sweep(Away(0), ledger, photos) == (0, 0)
    advance_time(redis, LIFETIME + ORPHAN_MARGIN_SECONDS + 1)
    assert sweep(Away(0), ledger, photos) == (0, 1)
    assert list(photos.job_ids(0)) == []


@pytest.mark.parametrize("finished", [False, True])
def test_a_picture_that_is_lost(
    redis: Redis,
    ledger: Ledger,
    photos: VolumeStore,
    make_job: Callable[..., Job],
    monkeypatch: pytest.MonkeyPatch,
    finished: bool,  # noqa: FBT001 - a parametrized value
) -> None:
    """A picture that is gone before its delivery is apologised for; one after it is a late copy."""
    channel = TelegramAway()
    channel.back = True
    broker = Away(99)
    deliver = Deliver(Services(Settings(), photos, ledger, {"folder": channel}, lambda _job: None))
    deliver.declare(broker)
    job = make_job()
    ledger.admit(job)
    if finished:  # by a worker that took longer than the lock on the delivery holds
        monkeypatch.setattr(photos, "read", lambda *_: _finish(ledger, job))
    for attempt in range(1, 4):
        monkeypatch.setattr("attrai.actors.stage._attempt", lambda attempt=attempt: attempt)
        try:
            deliver._receive(job.to_message())
        except dramatiq.errors.Retry:
            assert not finished
    assert channel.answers == ([] if finished else [job.id])
    assert ledger.in_flight() == 0
    code = "rated" if finished else INTERNAL.code
    assert redis.hget("attrai:day:2026-03-02", f"outcome:{code}") == b"1"


def _finish(ledger: Ledger, job: Job) -> bytes:
    ledger.finish(job)
    raise FileNotFoundError
