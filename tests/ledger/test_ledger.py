"""Tests of the ledger: slots stay within the limits and never leak; answers are counted once."""

from __future__ import annotations

from typing import Any

import fakeredis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from attrai.errors import TIMED_OUT
from attrai.job import STAGES, Failure, Job, StageName, Timing, job_id
from attrai.ledger import Ledger, StageLoad, Start, seconds_to_answer
from attrai.ledger.constants import (
    ANSWERED_TTL_SECONDS,
    DELIVERY_LOCK_SECONDS,
    MAX_REFUSED,
    QUOTA_SECONDS,
    WORKER_TTL_SECONDS,
)
from attrai.ledger.histogram import histogram_bound
from tests.ledger.conftest import LIFETIME, MAX_ACTIVE, MAX_PENDING


def make(number: int, user: str = "ann") -> Job:
    return Job(
        id=job_id("test", number),
        channel="test",
        address={"chat": number},
        user=user,
        source="",
        renderer="boxes",
        admitted_at=0,
        queued_at=0,
    )


def starts(ledger: Ledger, job: Job, stage: StageName) -> int:
    """Begin a stage that may start, and return how often it has started."""
    start = ledger.begin(job, stage)
    assert isinstance(start, Start)
    return start.number


def after(job: Job, stage: StageName, took: float) -> Job:
    """Return the job as it is after a stage has finished."""
    return job.with_(trace=(*job.trace, Timing(stage=stage, waited=0, took=took)))


def test_limits(ledger: Ledger) -> None:
    """The number of jobs in flight is limited for each user and for all users together."""
    assert [ledger.admit(make(n, "ann")) for n in range(3)] == ["admitted"] * 2 + ["user-busy"]
    assert [ledger.admit(make(n, "bob")) for n in range(10, 12)] == ["admitted"] * 2
    assert [ledger.admit(make(n, "eve")) for n in range(20, 22)] == ["admitted", "busy"]
    assert ledger.in_flight() == MAX_PENDING


def test_repeated_calls(ledger: Ledger) -> None:
    """Admitting or finishing a job again changes nothing and returns that it was repeated."""
    job = make(1)
    assert [ledger.admit(job), ledger.admit(job)] == ["admitted", "repeated"]
    assert ledger.in_flight() == 1
    assert ledger.holds(job.id)
    assert [ledger.finish(job), ledger.finish(job)] == [True, False]
    assert not ledger.holds(job.id)
    assert ledger.in_flight() == 0


def advance_time(redis: Redis, seconds: float) -> None:
    """Shift every time in the ledger into the past, as if `seconds` seconds had passed."""
    for key in list(redis.scan_iter("attrai:*")):
        if redis.type(key) == b"zset":
            for member, score in redis.zrange(key, 0, -1, withscores=True):
                redis.zadd(key, {member: score - seconds})
        elif key.startswith(b"attrai:album:"):
            for field in {b"quiet", b"deadline"} & set(redis.hkeys(key)):
                redis.hincrbyfloat(key, field, -seconds)


def test_overdue_jobs(redis: Redis, ledger: Ledger) -> None:
    """An overdue job frees its slot, goes to one sweeper at a time, and can be finished."""
    first, second = make(1), make(2)
    assert [ledger.admit(first), ledger.admit(second)] == ["admitted"] * 2
    assert ledger.claim_overdue() == []
    advance_time(redis, LIFETIME)
    assert ledger.admit(make(3)) == "admitted"  # overdue jobs no longer count
    overdue = ledger.claim_overdue()
    assert [(job.id, job.address) for job in overdue] == [
        (first.id, first.address),
        (second.id, second.address),
    ]
    assert [job.failure for job in overdue] == [TIMED_OUT] * 2
    assert ledger.claim_overdue() == []
    assert ledger.finish(first)
    assert not ledger.holds(first.id)


def test_starts_are_counted(ledger: Ledger) -> None:
    """Starts that neither end nor are paused, as when a worker is killed, are counted."""
    job = make(1)
    ledger.admit(job)
    assert [starts(ledger, job, "detect") for _ in range(3)] == [1, 2, 3]
    assert starts(ledger, job, "score") == 1
    ledger.pause(job, "score")
    assert starts(ledger, job, "score") == 1
    assert starts(ledger, after(job, "detect", 0.1), "score") == 2
    assert starts(ledger, job, "detect") == 1


class LosesReplies(fakeredis.FakeRedis):
    """A client that loses the first reply to every command, and repeats the command."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        super().execute_command(*args, **options)
        return super().execute_command(*args, **options)


@pytest.mark.parametrize("stage", ["ingest", "deliver"])
def test_a_lost_reply_counts_no_start(stage: StageName) -> None:
    """A call that is made again because its reply was lost counts one start, not two."""
    ledger = Ledger(LosesReplies(), max_active=1, max_pending=1, lifetime=LIFETIME)
    assert ledger.admit(make(1)) == "repeated"
    assert starts(ledger, make(1), stage) == 1
    if stage != "deliver":
        assert starts(ledger, make(1), stage) == 2
    ledger.pause(make(1), stage)
    assert starts(ledger, make(1), stage) == 1


def test_one_delivery_at_a_time(redis: Redis, ledger: Ledger) -> None:
    """Only one worker at a time may deliver an answer; the lock expires if it is killed."""
    job = make(1)
    ledger.admit(job)
    assert starts(ledger, job, "deliver") == 1
    assert ledger.begin(job, "deliver") == "being-delivered"
    assert 0 < redis.ttl(f"attrai:delivering:{job.id}") <= DELIVERY_LOCK_SECONDS
    ledger.pause(job, "deliver")
    assert starts(ledger, job, "deliver") == 1
    ledger.finish(job)
    assert ledger.begin(job, "deliver") == "answered"


def test_nothing_of_a_job_remains(redis: Redis, ledger: Ledger) -> None:
    """A finished job leaves only counts and the mark that it was answered, and no user id."""
    job = make(1, user="f3a9")
    ledger.admit(job)
    for stage in STAGES:
        ledger.begin(job, stage)
        job = after(job, stage, 0.1)
    ledger.finish(job)
    ledger.begin(job, "detect")  # a late copy of a message
    ledger.pause(job, "detect")
    keys = {key.decode().rsplit(":", 1)[0] for key in redis.scan_iter()}
    assert keys == {
        "attrai",
        "attrai:answered",
        "attrai:day",
        "attrai:recent",
        "attrai:users",
    }
    assert redis.hkeys("attrai:service") != []
    for key in redis.scan_iter("attrai:day:*"):
        assert 0 < redis.ttl(key) <= 400 * 86400


def test_daily_counts(redis: Redis, ledger: Ledger) -> None:
    """Requests, users, outcomes and times are counted once per job."""
    for number, user in enumerate(["ann", "ann", "bob", "ann"]):
        ledger.admit(make(number, user))
    ledger.admit(make(0))  # again
    trace = (Timing(stage="ingest", waited=1, took=0.5), Timing(stage="detect", waited=0, took=1))
    for _ in range(2):
        ledger.finish(make(0).with_(trace=trace))
        ledger.finish(make(1).with_(failure=Failure(code="no-face")))
    (day,) = redis.scan_iter("attrai:day:*")
    (users,) = redis.scan_iter("attrai:users:*")
    assert {name.decode(): int(count) for name, count in redis.hgetall(day).items()} == {
        "requests": 4,
        "outcome:rated": 1,
        "outcome:no-face": 1,
        f"seconds:{histogram_bound(2.5)}": 1,
        f"work:{histogram_bound(1.5)}": 1,
    }
    assert redis.pfcount(users) == 2


@given(st.floats(0, 1e5))
def test_histogram_bounds(seconds: float) -> None:
    """A time lies between its bucket's bound and the bound before."""
    bound = histogram_bound(seconds)
    assert seconds <= bound + 1e-3
    assert seconds > bound / 1.25 - 1e-3 or bound == 0.001


def test_eta_follows_queues_and_workers(redis: Redis, ledger: Ledger) -> None:
    """The estimated time grows with the jobs ahead and shrinks with live workers."""
    for worker in ("a", "b"):
        ledger.heartbeat("detect", worker)
    job = make(9)
    ledger.admit(job)
    for stage in STAGES:
        ledger.begin(job, stage)
        job = after(job, stage, 2.0 if stage == "detect" else 0.5)
    ledger.finish(job)
    assert ledger.estimates.eta() == pytest.approx(4.0)
    for number in range(4):
        ledger.admit(make(number, user=str(number)))
        ledger.begin(after(make(number), "ingest", 0.5), "detect")
    loads = ledger.estimates.loads()
    assert loads["detect"] == StageLoad(jobs=4, seconds=2.0, workers=2)
    assert ledger.estimates.eta() == pytest.approx(4 * 2 / 2 + 4)
    ledger.deregister("detect", "a")
    assert ledger.estimates.eta() == pytest.approx(4 * 2 + 4)
    advance_time(redis, WORKER_TTL_SECONDS + 1)
    assert ledger.estimates.loads()["detect"].workers == 0


def test_eta_is_that_of_the_slowest_stage() -> None:
    """Stages work in parallel, so the slowest one determines the estimated time."""
    assert seconds_to_answer([]) == 0
    fast, slow = StageLoad(10, 0.1, 1), StageLoad(10, 1.0, 2)
    assert seconds_to_answer([fast, slow]) == pytest.approx(20 * 1.0 / 2 + 1.1)
    assert seconds_to_answer([slow, fast]) == pytest.approx(10 * 1.0 / 2 + 1.1)


def test_what_was_answered_stays_answered(redis: Redis, ledger: Ledger) -> None:
    """A request repeated within a day of its answer gets no slot."""
    job = make(1)
    ledger.admit(job)
    ledger.finish(job)
    assert ledger.admit(job) == ledger.admit(failed(1)) == "answered"
    assert ledger.in_flight() == 0
    assert 24 * 3600 < redis.ttl(f"attrai:answered:{job.id}") <= ANSWERED_TTL_SECONDS
    redis.delete(f"attrai:answered:{job.id}")
    assert ledger.admit(job) == "admitted"


def failed(number: int, user: str = "ann") -> Job:
    """Return a job that was refused."""
    return make(number, user).with_(failure=Failure(code="user-busy"))


def test_a_refusal_needs_no_slot(ledger: Ledger) -> None:
    """A refused job is admitted to be answered even when all slots are taken."""
    for number in range(MAX_PENDING):
        ledger.admit(make(number, user=str(number)))
    assert ledger.admit(make(9, "0")) == "busy"
    assert ledger.admit(failed(9, "0")) == "admitted"
    assert ledger.admit(make(9, "0")) == "repeated"
    assert ledger.estimates.loads()["deliver"].jobs == 1
    assert ledger.estimates.loads()["ingest"].jobs == MAX_PENDING
    assert ledger.finish(failed(9, "0"))
    assert ledger.admit(make(9, "0")) == "answered"
    assert ledger.estimates.loads()["deliver"].jobs == 0


def test_refusals_are_bounded(ledger: Ledger) -> None:
    """A user with too many refusals in flight is ignored until one is sent; others are not."""
    refusals = [failed(number) for number in range(MAX_REFUSED + 1)]
    assert [ledger.admit(job) for job in refusals] == ["admitted"] * MAX_REFUSED + ["ignored"]
    assert ledger.in_flight() == MAX_REFUSED
    assert ledger.admit(failed(99, "bob")) == "admitted"
    assert ledger.finish(refusals[0])
    assert ledger.admit(refusals[-1]) == "admitted"


def test_refusals_are_no_requests(redis: Redis, ledger: Ledger) -> None:
    """A refused request is counted once as a request and once by its outcome."""
    for number in range(MAX_ACTIVE):
        ledger.admit(make(number))
    assert ledger.admit(make(9)) == "user-busy"
    assert ledger.admit(failed(9)) == "admitted"
    ledger.finish(failed(9))
    (day,) = redis.scan_iter("attrai:day:*")
    assert int(redis.hget(day, "requests")) == MAX_ACTIVE + 1
    assert int(redis.hget(day, "outcome:user-busy")) == 1


def test_what_is_overdue_among_refusals(redis: Redis, ledger: Ledger) -> None:
    """A lost refusal is answered by the sweeper like any other job."""
    ledger.admit(failed(1))
    advance_time(redis, LIFETIME)
    (job,) = ledger.claim_overdue()
    assert (job.id, job.failure) == (failed(1).id, TIMED_OUT)
    assert ledger.finish(job)
    assert redis.zcard("attrai:refused:ann") == 0


def test_held_and_admitted(ledger: Ledger) -> None:
    """The ledger returns which jobs are in flight, and each job as it was admitted."""
    assert ledger.held([]) == set()
    ledger.admit(make(1))
    ledger.admit(failed(2))
    assert ledger.held([make(number).id for number in range(4)]) == {make(1).id, make(2).id}
    assert ledger.admitted(make(1).id) == make(1)
    assert ledger.admitted(make(2).id) == failed(2)
    assert ledger.admitted(make(3).id) is None
    ledger.finish(make(1))
    assert ledger.held([make(1).id]) == set()
    assert ledger.admitted(make(1).id) is None


def test_remaining(redis: Redis, ledger: Ledger) -> None:
    """The remaining time covers the jobs ahead and the job itself, but not later jobs."""
    redis.hset("attrai:service", mapping={"ingest": 1, "detect": 10, "deliver": 2})
    jobs = [make(number, user=str(number)) for number in range(3)]
    for job in jobs:
        ledger.admit(job)
    ledger.begin(jobs[0], "ingest")
    ledger.begin(after(jobs[0], "ingest", 1), "detect")
    assert ledger.estimates.remaining([]) == {}
    remaining = ledger.estimates.remaining([*(job.id for job in jobs), make(9).id])
    assert remaining == {
        jobs[0].id: pytest.approx(12),
        jobs[1].id: pytest.approx(10 + 13),
        jobs[2].id: pytest.approx(20 + 13),
    }
    ledger.finish(jobs[0])
    assert ledger.estimates.remaining([jobs[0].id, jobs[1].id]) == {jobs[1].id: pytest.approx(13)}


def test_the_next_slot(redis: Redis, ledger: Ledger) -> None:
    """A user's next slot is free as soon as the first of their jobs is answered."""
    assert ledger.estimates.next_slot("ann") == 0
    redis.hset("attrai:service", "detect", 10)
    ledger.admit(make(0, "bob"))
    for number in (1, 2):
        ledger.admit(make(number))
    assert ledger.estimates.next_slot("ann") == pytest.approx(20)
    ledger.finish(make(0, "bob"))
    assert ledger.estimates.next_slot("ann") == pytest.approx(10)
    assert ledger.estimates.next_slot("eve") == 0


def test_the_daily_limit(redis: Redis) -> None:
    """A user's photos of the last 24 hours are limited, and one that isn't rated is given back."""
    ledger = Ledger(redis, max_active=9, max_pending=9, lifetime=LIFETIME, max_daily=2)
    first, second, third = make(1), make(2), make(3)
    assert [ledger.admit(job) for job in (first, first, second)] == [
        "admitted",
        "repeated",
        "admitted",
    ]
    assert ledger.finish(first)
    assert ledger.admit(first) == "answered"
    assert [ledger.admit(third), ledger.admit(make(4, "bob"))] == ["daily-limit", "admitted"]
    assert ledger.admit(third.with_(failure=Failure(code="daily-limit"))) == "admitted"
    assert ledger.finish(third.with_(failure=Failure(code="daily-limit")))
    assert ledger.admit(make(5)) == "daily-limit"
    for _ in range(2):
        ledger.finish(second.with_(failure=Failure(code="no-face")))
    assert [ledger.admit(make(6)), ledger.admit(make(7))] == ["admitted", "daily-limit"]
    assert ledger.next_daily("ann") == pytest.approx(QUOTA_SECONDS, abs=60)
    advance_time(redis, QUOTA_SECONDS)
    assert ledger.next_daily("ann") == 0
    assert ledger.admit(make(8)) == "admitted"


def test_a_photo_counts_once(redis: Redis) -> None:
    """Another job with a photo that counts needs no room under the daily limit."""
    ledger = Ledger(redis, max_active=9, max_pending=9, lifetime=LIFETIME, max_daily=1)
    first, again, other = make(1), make(2), make(3)
    assert ledger.admit(first) == "admitted"
    assert ledger.admit(again, first.id) == "admitted"
    assert ledger.finish(again.with_(failure=Failure(code="no-face")))
    assert [ledger.admit(other), ledger.admit(make(4), other.id)] == ["daily-limit"] * 2
    advance_time(redis, QUOTA_SECONDS)
    assert ledger.admit(make(5), first.id) == "admitted"
    assert ledger.admit(other) == "daily-limit"


def test_a_lower_daily_limit(redis: Redis) -> None:
    """Under a limit that was lowered, the next photo waits until enough of them are a day old."""
    limits = {"max_active": 9, "max_pending": 9, "lifetime": LIFETIME}
    before, now = Ledger(redis, **limits, max_daily=3), Ledger(redis, **limits, max_daily=2)
    for number in range(3):
        assert before.admit(make(number)) == "admitted"
        advance_time(redis, 1000)
    assert now.admit(make(3)) == "daily-limit"
    assert now.next_daily("ann") == pytest.approx(QUOTA_SECONDS - 2000, abs=60)
    assert Ledger(redis, **limits).admit(make(3)) == "admitted"
    assert Ledger(redis, **limits).next_daily("ann") == 0
