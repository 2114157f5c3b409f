"""Bottleneck hints: the right stage, the right number of workers, and none while all is well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai.job import STAGES
from attrai.monitoring.bottleneck import (
    bottleneck_hint,
    bottlenecks,
    clearing_seconds,
    workers_needed,
)
from tests.monitoring.states import snapshot, stage


def test_nothing_to_say() -> None:
    """Empty queues, or queues that are cleared in a moment, give no hint."""
    assert bottleneck_hint(snapshot()) == ""
    assert bottleneck_hint(snapshot(stage("detect", waiting=30, seconds=0.1))) == ""


def test_the_slowest_queue() -> None:
    """The bottleneck is the queue that takes longest to clear, not the longest queue."""
    line = bottleneck_hint(
        snapshot(
            stage("detect", waiting=40, seconds=0.1, workers=2),
            stage("score", waiting=30, seconds=2.0, workers=1, arriving=60),
            stage("deliver", waiting=100, seconds=0.05),
        )
    )
    assert line == (
        "score is the bottleneck: 30 photos are waiting, about 60 seconds of work for 1 worker."
        " With 3 workers the queue would clear within a minute."
    )


def test_enough_workers() -> None:
    """No more workers are suggested when the present ones clear the queue within a minute."""
    line = bottleneck_hint(snapshot(stage("detect", waiting=60, seconds=0.5, workers=2)))
    assert line == (
        "detect is the bottleneck: 60 photos are waiting, about 15 seconds of work for 2 workers."
        " The queue clears within a minute, so no more workers are needed."
    )


def test_no_worker() -> None:
    """A stage without workers comes first, whatever waits elsewhere."""
    line = bottleneck_hint(
        snapshot(
            stage("detect", waiting=500, seconds=1),
            stage("score", waiting=1, workers=0),
            stage("render", workers=0),
        )
    )
    assert line == "No workers running: score, render. 1 photo is waiting there."
    assert "ждёт 1 фото" in bottleneck_hint(snapshot(stage("score", waiting=1, workers=0)), "ru")


def test_unknown_is_no_trouble() -> None:
    """Nothing is guessed while Redis or RabbitMQ is down."""
    lost = [stage(name, waiting=90, workers=None) for name in STAGES]
    assert bottlenecks(snapshot(*lost)) == []


@given(
    st.integers(0, 10_000),
    st.integers(1, 50),
    st.floats(0.001, 60),
    st.floats(0, 600),
)
def test_the_advised_workers_suffice(
    waiting: int, workers: int, seconds: float, arriving: float
) -> None:
    """The suggested workers clear the queue and new arrivals within a minute; one fewer doesn't."""
    view = stage("detect", waiting, workers, seconds, arriving)
    needed, work = workers_needed(view), (waiting + arriving) * seconds
    assert needed * 60 >= work * (1 - 1e-9)
    assert (needed - 1) * 60 < work or needed == 0
    assert clearing_seconds(view) == pytest.approx(waiting * seconds / workers)
