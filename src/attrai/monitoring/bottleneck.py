"""Bottleneck hints: which stage slows the others down, and how many workers would help."""

from __future__ import annotations

import math

from attrai.locales import DEFAULT_LOCALE, duration, text
from attrai.monitoring.snapshot import Snapshot, StageView

#: A queue that is cleared within this many seconds is no bottleneck.
_BOTTLENECK_MIN_SECONDS = 5.0
#: Seconds within which the suggested number of workers clears the queue.
_CLEAR_WITHIN_SECONDS = 60.0


def bottlenecks(snapshot: Snapshot) -> list[StageView]:
    """Return the stages without a worker or, if all have one, the slowest stage if it is too slow.

    A stage is too slow when clearing its queue takes 5 s or more.
    """
    if idle := [stage for stage in snapshot.stages if stage.workers == 0]:
        return idle
    slowest = max(snapshot.stages, key=clearing_seconds)
    return [slowest] if clearing_seconds(slowest) >= _BOTTLENECK_MIN_SECONDS else []


def bottleneck_hint(snapshot: Snapshot, locale: str = DEFAULT_LOCALE) -> str:
    """Return a one-line hint on what delays photos and what would help; "" if nothing does."""
    stages = bottlenecks(snapshot)
    if not stages:
        return ""
    waiting = sum(stage.waiting or 0 for stage in stages)
    slowest = stages[0]
    if not slowest.workers:
        names = ", ".join(stage.name for stage in stages)
        return text("no-worker", locale, stages=names, waiting=waiting)
    needed = workers_needed(slowest)
    return text(
        "bottleneck" if needed > slowest.workers else "bottleneck-clears",
        locale,
        stage=slowest.name,
        waiting=waiting,
        workers=slowest.workers,
        needed=needed,
        wait=duration(clearing_seconds(slowest), locale),
    )


def clearing_seconds(stage: StageView) -> float:
    """Return the seconds until a stage's workers clear its queue; 0 when that is unknown."""
    if not stage.waiting or not stage.workers:
        return 0.0
    return stage.waiting * stage.seconds / stage.workers


def workers_needed(stage: StageView) -> int:
    """Return how many workers would clear a stage's queue within a minute.

    Photos are assumed to keep arriving at the current rate.
    """
    jobs = (stage.waiting or 0) + (stage.arriving or 0) * _CLEAR_WITHIN_SECONDS / 60
    return math.ceil(jobs * stage.seconds / _CLEAR_WITHIN_SECONDS)
