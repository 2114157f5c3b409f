"""The state of all parts at one moment. Any part may be down; its values are None then."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import redis
from redis import Redis

from attrai.job import STAGES, StageName
from attrai.ledger import Ledger
from attrai.ledger.histogram import quantile
from attrai.ledger.recent import Activity, StageActivity, read_activity
from attrai.monitoring.queues import Depth, Queues, Unreachable
from attrai.outages import redis_reason

#: The shares of times that the p50 and the p95 cover.
_MEDIAN, _MOST = 0.5, 0.95


class Times(NamedTuple):
    """Quantiles of a duration over the last five minutes in seconds; None without any samples."""

    median: float | None
    p95: float | None


@dataclass(frozen=True)
class StageView:
    """State of a stage."""

    name: StageName
    #: Messages waiting for a worker, and jobs being processed.
    waiting: int | None
    in_work: int | None
    #: Jobs waiting to be retried because Telegram's rate limit is used up or it can't be reached.
    later: int | None
    workers: int | None
    #: Jobs per minute that began in the last minute, and that arrived in the last few seconds.
    per_minute: float | None
    arriving: float | None
    waited: Times
    took: Times
    #: Estimate of the current work per job, in seconds.
    seconds: float


@dataclass(frozen=True)
class Fault:
    """Part that can't be queried."""

    part: str
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """State of all parts."""

    #: Unix time in seconds.
    at: float
    stages: tuple[StageView, ...]
    #: Photos admitted per minute, over the last minute.
    per_minute: float | None
    #: Photos that are not answered yet, and the age of the oldest in seconds.
    in_flight: int | None
    oldest: float | None
    #: Users who have as many photos in flight as one may have.
    users_at_limit: int | None
    #: Estimated seconds until a photo sent now is answered.
    eta: float | None
    dead_letters: int | None
    #: Log records that were dropped today.
    dropped_logs: int | None
    faults: tuple[Fault, ...]


def take(client: Redis, ledger: Ledger, queues: Queues) -> Snapshot:
    """Return the current state of the parts that can be queried."""
    faults = []
    depths: Mapping[StageName, Depth] | None = None
    recent: Activity | None = None
    try:
        depths = queues.depths()
    except Unreachable as error:
        faults.append(Fault("RabbitMQ", str(error)))
    try:
        recent = read_activity(client, ledger)
    except redis.RedisError as error:
        faults.append(Fault("Redis", redis_reason(error)))
    return Snapshot(
        at=time.time(),
        stages=tuple(_view(stage, recent, depths) for stage in STAGES),
        per_minute=recent.per_minute if recent else None,
        in_flight=recent.in_flight if recent else None,
        oldest=recent.oldest if recent else None,
        users_at_limit=recent.users_at_limit if recent else None,
        eta=recent.eta if recent else None,
        dead_letters=sum(depth.dead for depth in depths.values()) if depths else None,
        dropped_logs=recent.dropped_logs if recent else None,
        faults=tuple(faults),
    )


def _view(
    name: StageName, recent: Activity | None, depths: Mapping[StageName, Depth] | None
) -> StageView:
    stage = recent.stages[name] if recent else None
    waiting = depths[name].ready if depths else None
    return StageView(
        name=name,
        waiting=waiting,
        in_work=_in_work(name, stage, depths) if stage and depths else None,
        later=stage.later if stage else None,
        workers=stage.workers if stage else None,
        per_minute=stage.per_minute if stage else None,
        arriving=stage.arriving if stage else None,
        waited=_times(stage.waited if stage else {}),
        took=_times(stage.took if stage else {}),
        seconds=_seconds(stage, waiting or 0) if stage else 0.0,
    )


def _in_work(name: StageName, stage: StageActivity, depths: Mapping[StageName, Depth]) -> int:
    """Return how many jobs a stage is processing: those begun there that wait in no queue.

    The result is approximate. RabbitMQ was queried a moment earlier, and jobs that failed don't
    wait in the next stage's queue.
    """
    place = STAGES.index(name)
    waiting = sum(depths[following].ready for following in STAGES[place + 1 : place + 2])
    if place == 0:
        waiting += depths[name].ready  # jobs count for it as soon as they are admitted
    return max(0, stage.jobs - stage.later - waiting)


def _seconds(stage: StageActivity, waiting: int) -> float:
    """Return the current work per job: while jobs wait, at least the time since one last began."""
    return max(stage.seconds, stage.stalled) if waiting else stage.seconds


def _times(histogram: Mapping[float, int]) -> Times:
    return Times(quantile(histogram, _MEDIAN), quantile(histogram, _MOST))
