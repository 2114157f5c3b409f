"""Tests of the ledger's daily history: the right days are read, and users are counted once."""

from __future__ import annotations

from datetime import date, timedelta

import fakeredis
import pytest
from redis import Redis

from attrai.job import Box, Face, Failure, Point, Score
from attrai.ledger import Ledger
from attrai.ledger.history import read_history
from tests.ledger.test_recent import after, make

TODAY = date(2026, 3, 2)
FACE = Face(
    box=Box(0, 0, 10, 10),
    landmarks=(Point(1, 1), Point(2, 1), Point(1, 2), Point(1, 3), Point(2, 3)),
    probability=1,
)


class Clock:
    """A clock whose date can be set."""

    def __init__(self) -> None:
        self.today = TODAY

    def __call__(self) -> str:
        return self.today.isoformat()


@pytest.fixture
def redis() -> Redis:
    """A ledger of three days: one with five requests, one with none, one with one."""
    redis, clock = fakeredis.FakeRedis(server=fakeredis.FakeServer()), Clock()
    ledger = Ledger(redis, max_active=50, max_pending=50, lifetime=1800, today=clock)
    clock.today = TODAY - timedelta(days=2)
    outcomes = ["internal", "no-face", "too-small", "user-busy", "timed-out"]
    for number, code in enumerate(outcomes):
        ledger.admit(make(number, f"user-{number % 2}"))
        ledger.finish(make(number).with_(failure=Failure(code=code)))
    clock.today = TODAY
    job = make(10, "user-1")
    ledger.admit(job)
    scores = [Score(value=value, spread=1) for value in (4.99, 5.0, 5.2, 10.0)]
    job = after(after(job, "ingest", 1.0), "detect", 0.5)
    for _ in range(2):
        ledger.finish(job.with_(faces=[FACE] * 6, scores=[None, *scores, None]))
    return redis


def test_since_the_start(redis: Redis) -> None:
    """By default the history has all days since the first with a request."""
    history = read_history(redis, today=TODAY)
    assert [day.date for day in history.days] == [TODAY - timedelta(days=n) for n in (2, 1, 0)]
    assert [day.requests for day in history.days] == [5, 0, 1]
    assert [day.users for day in history.days] == [2, 0, 1]
    assert (history.users, history.requests) == (2, 6)


def test_the_last_days(redis: Redis) -> None:
    """With a number of days the history has exactly that many, with or without requests."""
    history = read_history(redis, 2, today=TODAY)
    assert [day.requests for day in history.days] == [0, 1]
    assert history.users == 1
    assert len(read_history(redis, 30, today=TODAY).days) == 30
    assert history.today.requests == 1


def test_outcomes_are_of_five_kinds(redis: Redis) -> None:
    """Outcomes are counted as rated, without a face, refused, cancelled or failed."""
    assert read_history(redis, today=TODAY).outcomes == {
        "rated": 1,
        "no-face": 1,
        "refused": 2,
        "cancelled": 0,
        "failed": 2,
    }


def test_distributions(redis: Redis) -> None:
    """Times are counted for rated photos, and scores for all faces with one, in bins of 0.5."""
    history = read_history(redis, today=TODAY)
    assert history.scores == {4.5: 1, 5.0: 2, 9.5: 1}
    ((seconds, photos),) = history.seconds.items()
    assert (seconds, photos) == (pytest.approx(1.9, rel=0.25), 1)
    ((work, _),) = history.work.items()
    assert work == pytest.approx(1.5, rel=0.25)


def test_nothing_yet() -> None:
    """Before the first request the history has only today."""
    empty = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    history = read_history(empty, today=TODAY)
    assert [day.date for day in history.days] == [TODAY]
    assert (history.users, history.requests, history.scores) == (0, 0, {})
