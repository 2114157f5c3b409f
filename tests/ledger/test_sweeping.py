"""Overdue jobs: they are published once at a time, few at a time, and with growing pauses."""

from __future__ import annotations

import time

import fakeredis
import pytest
import structlog
from redis import Redis

from attrai.errors import TIMED_OUT
from attrai.job import Job, job_id
from attrai.ledger import Ledger, Start
from attrai.ledger.constants import MAX_SWEPT, SWEEP_RETRY_MAX_SECONDS, SWEPT_LOST_SECONDS
from tests.ledger.test_ledger import advance_time, make

LIFETIME = 1800


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Redis:
    """Return a Redis whose clock stands still, so that time passes by `advance_time` alone."""
    monkeypatch.setattr(time, "time", lambda: 1.8e9)
    return fakeredis.FakeRedis(server=fakeredis.FakeServer())


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis, max_active=9, max_pending=9999, lifetime=LIFETIME)


def admit_overdue(redis: Redis, ledger: Ledger, jobs: int) -> list[Job]:
    """Admit jobs of different users, and let them become overdue, the first one first."""
    admitted = [make(number, f"user-{number}") for number in range(jobs)]
    for job in admitted:
        assert ledger.admit(job) == "admitted"
        advance_time(redis, 0.01)
    advance_time(redis, LIFETIME)
    return admitted


def test_no_copy_before_the_last_was_taken(redis: Redis, ledger: Ledger) -> None:
    """While no worker takes messages each overdue job is published once at most."""
    jobs = admit_overdue(redis, ledger, 3)
    published = [job.id for job in ledger.claim_overdue()]
    assert published == [job.id for job in jobs]
    for _ in range(SWEPT_LOST_SECONDS // 60 - 1):
        advance_time(redis, 60)
        assert ledger.claim_overdue() == []


def test_few_wait_at_a_time(redis: Redis, ledger: Ledger) -> None:
    """Fresh answers find few apologies before them, however many jobs are overdue."""
    jobs = admit_overdue(redis, ledger, 2 * MAX_SWEPT + 7)
    batch = ledger.claim_overdue()
    assert len(batch) == MAX_SWEPT
    assert ledger.claim_overdue() == []
    answered = []
    while batch:
        for job in batch:
            assert isinstance(ledger.begin(job, "deliver"), Start)
            assert ledger.finish(job)
            answered.append(job.id)
        batch = ledger.claim_overdue()
    assert answered == [job.id for job in jobs]
    assert ledger.in_flight() == 0


def test_growing_pauses(redis: Redis, ledger: Ledger) -> None:
    """Each time that an overdue job can't be answered it waits for longer, up to 15 minutes."""
    (job,) = admit_overdue(redis, ledger, 1)
    pauses: list[int] = []
    (copy,) = ledger.claim_overdue()
    while len(pauses) < 9:
        assert isinstance(ledger.begin(copy, "deliver"), Start)
        ledger.pause(copy, "deliver")
        waited = 0
        while not (again := ledger.claim_overdue()):
            advance_time(redis, 5)
            waited += 5
        (copy,) = again
        assert copy.id == job.id
        pauses.append(waited)
    assert pauses[0] == 60
    assert pauses == sorted(pauses)
    assert pauses[-1] == SWEEP_RETRY_MAX_SECONDS


def test_the_picture_is_no_copy_of_the_apology(redis: Redis, ledger: Ledger) -> None:
    """A worker that takes the job's own message has not taken the sweeper's."""
    (job,) = admit_overdue(redis, ledger, 1)
    (copy,) = ledger.claim_overdue()
    assert isinstance(ledger.begin(job, "deliver"), Start)
    ledger.pause(job, "deliver")
    advance_time(redis, 20 * 60)
    assert ledger.claim_overdue() == []
    assert copy.failure == TIMED_OUT


def test_a_lost_message(redis: Redis, ledger: Ledger) -> None:
    """A message that nobody takes for half an hour is published again, and blocks no other."""
    admit_overdue(redis, ledger, MAX_SWEPT + 1)
    first = ledger.claim_overdue()
    advance_time(redis, SWEPT_LOST_SECONDS)
    second = ledger.claim_overdue()
    assert len(first) == len(second) == MAX_SWEPT
    assert len({job.id for job in first + second}) == MAX_SWEPT + 1


def test_unclaimed(redis: Redis, ledger: Ledger) -> None:
    """A job that could not be published is the next sweeper's, unless it is answered."""
    admit_overdue(redis, ledger, 2)
    claimed = ledger.claim_overdue()
    ledger.finish(claimed[0])
    ledger.unclaim(claimed)
    assert [job.id for job in ledger.claim_overdue()] == [claimed[1].id]
    assert ledger.in_flight() == 1


@pytest.mark.parametrize(
    "ticket", [None, b"", b"\xff not JSON", b"[1]", b'{"id": "x", "chat": 1234567}']
)
def test_unreadable_tickets(redis: Redis, ledger: Ledger, ticket: bytes | None) -> None:
    """A ticket that is missing or unreadable is logged and deleted, and stops nobody else."""
    bad, good = admit_overdue(redis, ledger, 2)
    if ticket is None:
        redis.hdel("attrai:tickets", bad.id)
    else:
        redis.hset("attrai:tickets", bad.id, ticket)
    with structlog.testing.capture_logs() as records:
        assert [job.id for job in ledger.claim_overdue()] == [good.id]
    (record,) = records
    assert (record["event"], record["job"]) == ("unreadable ticket", bad.id)
    assert "1234567" not in str(record)
    assert not ledger.holds(bad.id)
    assert not redis.hexists("attrai:tickets", bad.id)
    seconds, microseconds = redis.time()
    now = seconds + microseconds / 1e6
    assert redis.zcount(f"attrai:user:{bad.user}", now, "+inf") == 0  # it takes no slot
    advance_time(redis, SWEPT_LOST_SECONDS)
    assert [job.id for job in ledger.claim_overdue()] == [good.id]


def test_an_unreadable_ticket_of_a_repeated_job(redis: Redis, ledger: Ledger) -> None:
    """A bot that asks for an unreadable ticket frees the slot, and the job's message takes it."""
    job = make(1).with_(admitted_at=2e9)
    ledger.admit(job)
    redis.hset("attrai:tickets", job.id, b"rubbish")
    assert ledger.admit(job) == "repeated"
    assert ledger.admitted(job.id) is None
    assert not ledger.holds(job.id)
    assert isinstance(ledger.begin(job, "ingest"), Start)
    assert ledger.admitted(job.id) == job
    assert job.id == job_id("test", 1)
