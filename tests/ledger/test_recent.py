"""Tests of the ledger's recent activity: each job is counted once, and changes show quickly."""

from __future__ import annotations

import time

import pytest
from redis import Redis

from attrai.job import STAGES, Failure, Job, StageName, Timing, job_id
from attrai.ledger import Ledger
from attrai.ledger.recent import Activity, read_activity

MAX_ACTIVE = 2
TODAY = "2026-03-02"  # no midnight comes during a test


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(
        redis,
        max_active=MAX_ACTIVE,
        max_pending=50,
        lifetime=1800,
        today=lambda: TODAY,
    )


def make(number: int, user: str | None = None) -> Job:
    """Return a job, by default of a user of its own."""
    return Job(
        id=job_id("test", number),
        channel="test",
        address={},
        user=user or f"user-{number}",
        source="",
        renderer="boxes",
        admitted_at=0,
        queued_at=0,
    )


def after(job: Job, stage: StageName, took: float) -> Job:
    """Return the job as it is after a stage has finished."""
    return job.with_(trace=(*job.trace, Timing(stage=stage, waited=0.2, took=took)))


def age(redis: Redis, job: Job, seconds: float) -> None:
    """Let a job that was admitted be `seconds` seconds older."""
    redis.zincrby(f"attrai:user:{job.user}", -seconds, job.id)


def answer(ledger: Ledger, job: Job, took: float = 0.1) -> None:
    """Take the job through all stages."""
    ledger.admit(job)
    for stage in STAGES:
        ledger.begin(job, stage)
        job = after(job, stage, took)
    ledger.finish(job)


def test_an_empty_ledger(redis: Redis, ledger: Ledger) -> None:
    """All values of an empty ledger are zero."""
    recent = read_activity(redis, ledger)
    assert (recent.in_flight, recent.oldest, recent.users_at_limit, recent.dropped_logs) == (
        0,
        0,
        0,
        0,
    )
    for stage in recent.stages.values():
        assert (stage.jobs, stage.later, stage.workers, stage.per_minute) == (0, 0, 0, 0)
        assert (stage.took, stage.waited) == ({}, {})
        assert stage.stalled == 0


def test_each_stage_is_counted_once(redis: Redis, ledger: Ledger) -> None:
    """A job and its times are counted once per stage, however often messages are redelivered."""
    began = time.time()
    job = make(1)
    ledger.admit(job)
    for number, stage in enumerate(STAGES[:4], 1):
        age(redis, job, 0.2)
        ledger.begin(job, stage)
        ledger.begin(job, stage)  # its worker died
        job = after(job, stage, 0.1 * number)
        age(redis, job, 0.1 * number)
    age(redis, job, 0.2)
    for _ in range(3):  # as when Telegram's rate limit is reached
        ledger.begin(job, "deliver")
        ledger.pause(job, "deliver")
    ledger.begin(job, "deliver")
    for _ in range(2):
        ledger.finish(after(job, "deliver", 0.5))
    recent, passed = read_activity(redis, ledger), time.time() - began
    for number, stage in enumerate(STAGES, 1):
        seen = recent.stages[stage]
        assert seen.per_minute == pytest.approx(1, rel=0.1)
        assert [sum(seen.waited.values()), sum(seen.took.values())] == [1, 1], stage
        assert seen.seconds == pytest.approx(0.1 * number, rel=0.13)
        # Plus the time this test took; for deliver, that includes the pauses.
        assert 0.2 * 0.87 < next(iter(seen.waited)) < (0.2 + passed) * 1.35
    assert recent.per_minute == pytest.approx(1, rel=0.1)


def test_what_waits_to_be_tried_again(redis: Redis, ledger: Ledger) -> None:
    """A paused job is counted as such until it starts again or is answered."""
    first, second = make(1), make(2)
    for job in (first, second):
        ledger.admit(job)
        ledger.begin(job, "deliver")
        ledger.pause(job, "deliver")

    def later() -> int:
        return read_activity(redis, ledger).stages["deliver"].later

    assert later() == 2
    ledger.begin(first, "deliver")
    assert later() == 1
    ledger.finish(second)
    ledger.pause(second, "deliver")  # a late copy
    assert later() == 0


def test_users_at_their_limit(redis: Redis, ledger: Ledger) -> None:
    """A user counts as full from reaching their limit of jobs until one of them is answered."""

    def full() -> int:
        return read_activity(redis, ledger).users_at_limit

    jobs = [make(number, "ann") for number in range(MAX_ACTIVE)]
    assert full() == 0
    for job in jobs:
        assert ledger.admit(job) == "admitted"
    assert full() == 1
    assert ledger.admit(make(9, "ann").with_(failure=Failure(code="user-busy"))) == "admitted"
    ledger.finish(make(9, "ann"))
    assert full() == 1
    ledger.finish(jobs[0])
    assert full() == 0


def test_the_oldest(redis: Redis, ledger: Ledger) -> None:
    """The oldest job's age is the time since it was admitted."""
    began = time.time()
    ledger.admit(make(1))
    age(redis, make(1), 6)
    assert 5 <= read_activity(redis, ledger).oldest <= 6 + time.time() - began
    ledger.finish(make(1))
    assert read_activity(redis, ledger).oldest == 0


def test_a_slow_stage_shows_at_once(redis: Redis, ledger: Ledger) -> None:
    """After a few slow jobs the current service time is theirs, whatever came before."""
    for number in range(40):
        answer(ledger, make(number), 0.05)
    assert read_activity(redis, ledger).stages["score"].seconds == pytest.approx(0.05, rel=0.13)
    _pass_time(redis, 5)
    for number in range(100, 106):
        answer(ledger, make(number), 2.0)
    assert read_activity(redis, ledger).stages["score"].seconds == pytest.approx(2, rel=0.13)


def test_a_stalled_stage(redis: Redis, ledger: Ledger) -> None:
    """A stage has stalled for as long as a job has waited, not for as long as it was idle."""
    answer(ledger, make(0))
    redis.hset("attrai:begun", "detect", time.time() - 600)
    began = time.time()
    ledger.admit(make(1))
    ledger.begin(make(1), "ingest")
    assert _stalled(read_activity(redis, ledger)) <= time.time() - began
    began = time.time()
    redis.zadd("attrai:at:ingest", {make(1).id: began - 60})
    assert 60 <= _stalled(read_activity(redis, ledger)) <= 60 + time.time() - began


def _stalled(recent: Activity) -> float:
    return recent.stages["detect"].stalled


def _pass_time(redis: Redis, seconds: int) -> None:
    """Shift recent counts into the past, as if `seconds` seconds had passed."""
    slots = sorted(int(key.rsplit(b":", 1)[1]) for key in redis.scan_iter("attrai:recent:*"))
    for slot in slots:
        redis.rename(f"attrai:recent:{slot}", f"attrai:recent:{slot - seconds // 5}")


def test_dropped_logs(redis: Redis, ledger: Ledger) -> None:
    """Dropped log records add up and expire with their day."""
    for records in (3, 4):
        ledger.count_dropped_logs(records)
    assert read_activity(redis, ledger).dropped_logs == 7
    assert redis.ttl(f"attrai:day:{TODAY}") > 0


def test_what_is_recent_is_forgotten(redis: Redis, ledger: Ledger) -> None:
    """Activity counts expire after minutes and contain no user id."""
    answer(ledger, make(1, "f3a9"))
    keys = list(redis.scan_iter("attrai:recent:*"))
    assert keys
    for key in keys:
        assert 0 < redis.ttl(key) <= 310
        assert b"f3a9" not in b" ".join(redis.hkeys(key))
