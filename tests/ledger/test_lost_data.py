"""Redis loses its data: a job that the ledger doesn't know is told from one that is answered."""

from __future__ import annotations

import time

import pytest
from redis import Redis

from attrai.job import STAGES, Failure, Job, Timing, job_id
from attrai.ledger import Ledger, Start
from attrai.ledger.constants import ANSWERED_TTL_SECONDS, ORPHAN_MARGIN_SECONDS
from tests.ledger.conftest import LIFETIME, MAX_ACTIVE


@pytest.fixture
def redis(each_redis: Redis) -> Redis:
    return each_redis


def make(number: int = 1, **changes: object) -> Job:
    """Return a job that has been scored, as messages carry it in the middle of the chain."""
    return Job(
        id=job_id("test", number),
        channel="test",
        address={"chat": number},
        user="ann",
        source="photo",
        renderer="boxes",
        admitted_at=time.time(),
        queued_at=time.time(),
    ).with_(**changes)


def begin(ledger: Ledger, job: Job) -> object:
    """Begin to render a job, and return how often that has started or why it must not."""
    start = ledger.begin(job, "render")
    return start.number if isinstance(start, Start) else start


def test_a_job_goes_on(redis: Redis, ledger: Ledger) -> None:
    """A job that Redis has lost gets its slot again from its message, and is answered once."""
    job = make()
    ledger.admit(job)
    redis.flushall()
    moved = job.with_(size=(9, 9), trace=[Timing(stage="ingest", waited=1, took=1)])
    assert [begin(ledger, moved) for _ in range(2)] == [1, 2]
    assert ledger.in_flight() == 1
    assert ledger.admitted(job.id) == job
    assert ledger.admit(make()) == "repeated"
    assert redis.zcard("attrai:user:ann") == 1
    assert [ledger.finish(moved), ledger.finish(moved)] == [True, False]
    assert begin(ledger, moved) == "answered"
    assert ledger.admit(job) == "answered"
    assert ledger.in_flight() == redis.zcard("attrai:user:ann") == 0


def test_limits_do_not_hold_for_it(redis: Redis, ledger: Ledger) -> None:
    """Jobs that were admitted before are admitted again whatever the limits, but do count."""
    jobs = [make(number) for number in range(MAX_ACTIVE + 1)]
    for job in jobs:
        assert begin(ledger, job) == 1
    assert ledger.in_flight() == len(jobs)
    assert ledger.admit(make(9)) == "user-busy"
    assert redis.scard("attrai:full") == 1
    for job in jobs:
        assert ledger.finish(job)
    assert ledger.admit(make(9)) == "admitted"
    assert redis.scard("attrai:full") == 0


def test_it_is_no_new_request(redis: Redis, ledger: Ledger) -> None:
    """A job that is admitted again is not counted as another request."""
    assert begin(ledger, make()) == 1
    assert list(redis.scan_iter("attrai:day:*")) == []
    (slot,) = redis.scan_iter("attrai:recent:*")
    assert not redis.hexists(slot, "admitted")


def test_its_time_begins_anew(redis: Redis, ledger: Ledger) -> None:
    """A lost job has its whole time again, after which the sweeper answers for it."""
    start = ledger.begin(make(), "score")
    assert isinstance(start, Start)
    assert start.age < 60
    assert not start.overdue
    redis.zincrby("attrai:jobs", -LIFETIME, make().id)
    (overdue,) = ledger.claim_overdue()
    assert (overdue.id, overdue.address) == (make().id, make().address)


def test_a_lost_refusal(redis: Redis, ledger: Ledger) -> None:
    """A refusal that Redis has lost takes no slot from its user's photos."""
    refusal = make(failure=Failure(code="user-busy"))
    assert isinstance(ledger.begin(refusal, "deliver"), Start)
    assert redis.zcard("attrai:refused:ann") == 1
    assert redis.zcard("attrai:user:ann") == 0
    assert ledger.finish(refusal)
    assert redis.zcard("attrai:refused:ann") == 0


def test_lost_while_it_is_delivered(redis: Redis, ledger: Ledger) -> None:
    """An answer that goes out while Redis loses its data is the only one."""
    job = make()
    ledger.admit(job)
    assert isinstance(ledger.begin(job, "deliver"), Start)
    redis.flushall()
    assert [ledger.finish(job), ledger.finish(job)] == [True, False]
    assert ledger.begin(job, "deliver") == "answered"


def test_one_worker_delivers_it(ledger: Ledger) -> None:
    """Of two messages of a lost job one is delivered at a time."""
    assert isinstance(ledger.begin(make(), "deliver"), Start)
    assert ledger.begin(make(), "deliver") == "being-delivered"


def test_older_than_what_is_remembered(ledger: Ledger) -> None:
    """A message older than the memory of answers is a late copy, not a lost job."""
    old = make(admitted_at=time.time() - ANSWERED_TTL_SECONDS - 60)
    assert [ledger.begin(old, stage) for stage in STAGES] == ["answered"] * 5
    assert ledger.in_flight() == 0


def test_files_outlast_the_loss(redis: Redis, ledger: Ledger) -> None:
    """Files of an answered job are orphans at once; of an unknown one once it must be overdue."""
    answered, held, unknown = (make(number).id for number in range(3))
    for number in range(2):
        ledger.admit(make(number))
    ledger.finish(make(0))
    assert ledger.orphans([]) == []
    assert ledger.orphans([answered, held, unknown]) == [answered]
    redis.zincrby("attrai:orphans", -LIFETIME - 1, unknown)
    assert ledger.orphans([held, unknown]) == []
    redis.zincrby("attrai:orphans", -ORPHAN_MARGIN_SECONDS, unknown)
    assert ledger.orphans([held, unknown]) == [unknown]
    redis.zincrby("attrai:orphans", -10 * LIFETIME, unknown)
    redis.zincrby("attrai:orphans", -10 * LIFETIME, answered)
    ledger.orphans([held])
    assert not redis.exists("attrai:orphans")
