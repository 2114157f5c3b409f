"""Cancelling: a job is given up at any moment but while its answer is being delivered."""

from __future__ import annotations

import pytest
from redis import Redis

from attrai.job import STAGES, StageName, Timing
from attrai.ledger import Ledger
from attrai.ledger.history import read_history
from tests.ledger.conftest import LIFETIME, MAX_ACTIVE, TODAY
from tests.ledger.test_ledger import advance_time, make, starts


@pytest.mark.parametrize("stage", STAGES[:-1])
def test_at_any_stage(redis: Redis, ledger: Ledger, stage: StageName) -> None:
    """The slot is free at once, and neither this stage nor a later one begins work again."""
    jobs = [make(number) for number in range(MAX_ACTIVE)]
    assert [ledger.admit(job) for job in jobs] == ["admitted"] * MAX_ACTIVE
    job = jobs[0]
    for earlier in STAGES[: STAGES.index(stage) + 1]:
        starts(ledger, job, earlier)
    assert redis.scard("attrai:full") == 1
    assert ledger.cancel([job.id]) == [job.id]
    assert (ledger.in_flight(), redis.scard("attrai:full")) == (MAX_ACTIVE - 1, 0)
    assert ledger.estimates.remaining([job.id]) == {}
    ledger.pause(job, stage)  # as a stage that fails just then does
    done = job.with_(trace=[Timing(stage=stage, waited=0, took=1)])
    assert {ledger.begin(done, later) for later in STAGES} == {"answered"}
    assert ledger.admit(job) == "answered"
    assert ledger.admit(make(7)) == "admitted"
    assert ledger.orphans([job.id]) == [job.id]


def test_it_is_counted_once(redis: Redis, ledger: Ledger) -> None:
    """A cancelled job is neither rated nor refused, however often it is cancelled or finished."""
    job = make(1)
    ledger.admit(job)
    assert ledger.cancel([job.id, make(2).id]) == [job.id]
    assert ledger.cancel([job.id]) == [job.id]
    assert not ledger.finish(job)
    history = read_history(redis, today=TODAY)
    assert history.requests == 1
    assert {kind: count for kind, count in history.outcomes.items() if count} == {"cancelled": 1}


def test_too_late(redis: Redis, ledger: Ledger) -> None:
    """An answer that is being delivered, or has been, can't be given up."""
    job = make(1)
    ledger.admit(job)
    starts(ledger, job, "deliver")
    assert ledger.cancel([job.id]) == []
    advance_time(redis, LIFETIME / 2)  # the worker has died, and perhaps sent the answer before
    assert ledger.cancel([job.id]) == []
    assert ledger.finish(job)
    assert ledger.cancel([job.id]) == []
    assert read_history(redis, today=TODAY).outcomes["rated"] == 1


def test_between_two_attempts_to_deliver(ledger: Ledger) -> None:
    """A job that waits because Telegram can't be reached can be given up."""
    job = make(1)
    ledger.admit(job)
    starts(ledger, job, "deliver")
    ledger.pause(job, "deliver")
    assert ledger.cancel([job.id]) == [job.id]
    assert ledger.begin(job, "deliver") == "answered"


def test_a_job_that_is_overdue(redis: Redis, ledger: Ledger) -> None:
    """The sweeper has no apology for a job that was given up, not even one under way."""
    jobs = [make(number) for number in (1, 2)]
    for job in jobs:
        ledger.admit(job)
    assert ledger.cancel([jobs[0].id]) == [jobs[0].id]
    advance_time(redis, LIFETIME + 1)
    (overdue,) = ledger.claim_overdue()
    assert overdue.id == jobs[1].id
    assert ledger.cancel([overdue.id]) == [overdue.id]
    assert ledger.begin(overdue, "deliver") == "answered"


def test_a_job_that_cant_be_read(redis: Redis, ledger: Ledger) -> None:
    """A job whose ticket is damaged is left to the sweeper."""
    job = make(1)
    ledger.admit(job)
    redis.hset("attrai:tickets", job.id, "no JSON")
    assert ledger.cancel([job.id]) == []


def test_it_does_not_count_towards_the_daily_limit(redis: Redis) -> None:
    """A photo that was given up leaves room for another on the same day."""
    strict = Ledger(redis, max_active=5, max_pending=5, lifetime=LIFETIME, max_daily=1)
    assert strict.admit(make(1)) == "admitted"
    assert strict.admit(make(2)) == "daily-limit"
    strict.cancel([make(1).id])
    assert strict.admit(make(2)) == "admitted"
