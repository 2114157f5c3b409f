"""The ledger: never more slots than the limits, never one that leaks."""

from __future__ import annotations

from collections.abc import Callable

import fakeredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai.contract import Job, job_id
from attrai.ledger import LIFETIME, Ledger

MAX_ACTIVE, MAX_PENDING = 2, 5


@pytest.fixture
def ledger() -> Ledger:
    """An empty ledger."""
    redis = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    return Ledger(redis, max_active=MAX_ACTIVE, max_pending=MAX_PENDING)


def make(number: int, user: str) -> Job:
    """A job of a user."""
    return Job(
        id=job_id("test", number),
        channel="test",
        address={},
        user=user,
        source="",
        renderer="boxes",
        admitted_at=0,
        queued_at=0,
    )


def test_limits(ledger: Ledger) -> None:
    """A user's jobs are bounded, and so are those of all users together."""
    assert [ledger.admit(make(n, "ann")) for n in range(3)] == ["admitted"] * 2 + ["user-busy"]
    assert [ledger.admit(make(n, "bob")) for n in range(10, 12)] == ["admitted"] * 2
    assert [ledger.admit(make(n, "eve")) for n in range(20, 22)] == ["admitted", "busy"]
    assert ledger.in_flight() == MAX_PENDING


def test_repeated_calls(ledger: Ledger) -> None:
    """Admitting or finishing a job again changes nothing and says so."""
    job = make(1, "ann")
    assert [ledger.admit(job), ledger.admit(job)] == ["admitted", "admitted"]
    assert ledger.in_flight() == 1
    assert ledger.holds(job)
    assert [ledger.finish(job), ledger.finish(job)] == [True, False]
    assert not ledger.holds(job)
    assert ledger.in_flight() == 0


def test_slots_expire(make_job: Callable[..., Job]) -> None:
    """A job that is never finished gives its slot back when its time is over."""
    redis = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    ledger = Ledger(redis, max_active=1, max_pending=1)
    assert ledger.admit(make_job()) == "admitted"
    seconds, _ = redis.time()
    for key in redis.scan_iter():
        (member,) = redis.zrange(key, 0, -1)
        assert seconds <= redis.zscore(key, member) <= seconds + LIFETIME + 1
        redis.zadd(key, {member: seconds - 1})  # as if the time had passed
    assert ledger.admit(make(2, "local")) == "admitted"
    assert ledger.in_flight() == 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["admit", "finish"]), st.integers(0, 7), st.sampled_from("abc")),
        max_size=40,
    )
)
def test_any_history(history: list[tuple[str, int, str]]) -> None:
    """After any history the ledger holds what a set per user would hold."""
    redis = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    ledger = Ledger(redis, max_active=MAX_ACTIVE, max_pending=MAX_PENDING)
    held: set[tuple[int, str]] = set()
    for action, number, user in history:
        entry = (number * 10 + ord(user), user)  # a job belongs to one user
        job = make(*entry)
        if action == "finish":
            assert ledger.finish(job) == (entry in held)
            held.discard(entry)
        else:
            of_user = sum(owner == user for _, owner in held)
            room = of_user < MAX_ACTIVE and len(held) < MAX_PENDING
            assert (ledger.admit(job) == "admitted") == (entry in held or room)
            if room:
                held.add(entry)
        assert ledger.in_flight() == len(held)
        assert all(ledger.holds(make(*entry)) for entry in held)
