"""Which stage holds the others up, and how many workers would help."""

from __future__ import annotations

import math

from attrai.locales import DEFAULT_LOCALE, duration, text
from attrai.monitoring.snapshot import Snapshot, StageView

#: A queue that is empty again within so many seconds holds nobody up.
_SOON = 5.0
#: In so many seconds the workers that are advised empty the queue.
_EMPTY_WITHIN = 60.0


def bottlenecks(snapshot: Snapshot) -> list[StageView]:
    """The stages without a worker; if there is none, the one that holds the others up."""
    if idle := [stage for stage in snapshot.stages if stage.workers == 0]:
        return idle
    slowest = max(snapshot.stages, key=clearing_seconds)
    return [slowest] if clearing_seconds(slowest) >= _SOON else []


def advice(snapshot: Snapshot, locale: str = DEFAULT_LOCALE) -> str:
    """A line on what holds photos up, and what would help; empty when nothing does."""
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
    """How long a stage's workers need for what waits there now; 0 when that is unknown."""
    if not stage.waiting or not stage.workers:
        return 0.0
    return stage.waiting * stage.seconds / stage.workers


def workers_needed(stage: StageView) -> int:
    """So many workers empty a stage's queue within a minute, while photos come as they do now."""
    jobs = (stage.waiting or 0) + (stage.arriving or 0) * _EMPTY_WITHIN / 60
    return math.ceil(jobs * stage.seconds / _EMPTY_WITHIN)
