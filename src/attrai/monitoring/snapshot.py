"""The state of all parts at a moment. Each may be down; what it would have told is None then."""

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
from attrai.ledger.recent import Recent, StageRecent, read_recent
from attrai.monitoring.queues import Depth, Queues, Unreachable

#: The share of times that a p50, and a p95, is not below.
_MEDIAN, _MOST = 0.5, 0.95


class Times(NamedTuple):
    """How long something took in the last five minutes, in seconds; None when it never did."""

    median: float | None
    p95: float | None


@dataclass(frozen=True)
class StageView:
    """A stage now."""

    name: StageName
    #: Messages that wait for a worker, and jobs that one works on.
    waiting: int | None
    in_work: int | None
    #: Jobs that wait to be tried again: Telegram's rate is used up, or it can't be reached.
    later: int | None
    workers: int | None
    #: Jobs a minute that work began on, and that came here just now.
    per_minute: float | None
    arriving: float | None
    waited: Times
    took: Times
    #: Seconds of work on a job just now, as far as one can tell.
    seconds: float


@dataclass(frozen=True)
class Fault:
    """A part that can't be asked."""

    part: str
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """All parts now."""

    #: Unix time.
    at: float
    stages: tuple[StageView, ...]
    #: Photos a minute that were admitted.
    per_minute: float | None
    #: Photos that are not answered yet, and how many seconds the oldest is under way.
    in_flight: int | None
    oldest: float | None
    full_users: int | None
    #: Seconds until a photo that comes now is answered.
    eta: float | None
    dead_letters: int | None
    #: Log records of today that were dropped.
    dropped_logs: int | None
    faults: tuple[Fault, ...]


def take(client: Redis, ledger: Ledger, queues: Queues) -> Snapshot:
    """The state now, of the parts that can be asked."""
    faults = []
    depths: Mapping[StageName, Depth] | None = None
    recent: Recent | None = None
    try:
        depths = queues.depths()
    except Unreachable as error:
        faults.append(Fault("RabbitMQ", str(error)))
    try:
        recent = read_recent(client, ledger)
    except redis.RedisError as error:
        faults.append(Fault("Redis", redis_reason(error)))
    return Snapshot(
        at=time.time(),
        stages=tuple(_view(stage, recent, depths) for stage in STAGES),
        per_minute=recent.per_minute if recent else None,
        in_flight=recent.in_flight if recent else None,
        oldest=recent.oldest if recent else None,
        full_users=recent.full_users if recent else None,
        eta=recent.eta if recent else None,
        dead_letters=sum(depth.dead for depth in depths.values()) if depths else None,
        dropped_logs=recent.dropped_logs if recent else None,
        faults=tuple(faults),
    )


def _view(
    name: StageName, recent: Recent | None, depths: Mapping[StageName, Depth] | None
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


def _in_work(name: StageName, stage: StageRecent, depths: Mapping[StageName, Depth]) -> int:
    """Jobs that began a stage and wait neither there nor for the next.

    RabbitMQ was asked a moment before, and those that failed wait elsewhere.
    """
    place = STAGES.index(name)
    waiting = sum(depths[following].ready for following in STAGES[place + 1 : place + 2])
    if place == 0:
        waiting += depths[name].ready  # a job is admitted to it before it begins there
    return max(0, stage.jobs - stage.later - waiting)


def _seconds(stage: StageRecent, waiting: int) -> float:
    """The time of work on a job just now: while others wait all workers are at it so long."""
    return max(stage.seconds, stage.stalled) if waiting else stage.seconds


def _times(histogram: Mapping[float, int]) -> Times:
    return Times(quantile(histogram, _MEDIAN), quantile(histogram, _MOST))


def redis_reason(error: redis.RedisError) -> str:
    """Why Redis can't be asked, in words of our own: its errors may quote what it was sent."""
    if isinstance(error, redis.AuthenticationError | redis.exceptions.NoPermissionError):
        return "it refuses this user or password"
    if isinstance(error, redis.TimeoutError):
        return "no answer"
    if isinstance(error, redis.exceptions.BusyLoadingError):
        return "it is loading its data"
    cause = error.__cause__ or error.__context__
    return getattr(cause, "strerror", None) or "no connection to it, or an error"
