"""Snapshots, queues and ledgers in a chosen state, without servers."""

from __future__ import annotations

from collections.abc import Mapping

import fakeredis
from redis import Redis

from attrai.job import STAGES, StageName
from attrai.ledger import Ledger
from attrai.monitoring.queues import Depth, Unreachable
from attrai.monitoring.snapshot import Snapshot, StageView, Times

NOTHING = Times(None, None)


class Queues:
    """Queues with the given depths; without any they are unreachable."""

    def __init__(self, depths: Mapping[StageName, Depth] | None = None) -> None:
        self._depths = depths

    def depths(self) -> Mapping[StageName, Depth]:
        if self._depths is None:
            raise Unreachable("Connection refused")
        return {stage: self._depths.get(stage, Depth(0, 0)) for stage in STAGES}


def empty() -> tuple[Redis, Ledger]:
    """An empty ledger and its Redis, in memory."""
    redis = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    return redis, Ledger(redis, max_active=10, max_pending=500, lifetime=1800)


def stage(
    name: StageName,
    waiting: int = 0,
    workers: int | None = 1,
    seconds: float = 0.1,
    arriving: float = 0.0,
) -> StageView:
    """A stage with these values; all others are zero or unknown."""
    return StageView(
        name=name,
        waiting=waiting,
        in_work=0,
        later=0,
        workers=workers,
        per_minute=0.0,
        arriving=arriving,
        waited=NOTHING,
        took=NOTHING,
        seconds=seconds,
    )


def snapshot(*stages: StageView) -> Snapshot:
    """A snapshot with these stages; all others are idle."""
    named = {each.name: each for each in stages}
    return Snapshot(
        at=0.0,
        stages=tuple(named.get(name, stage(name)) for name in STAGES),
        per_minute=0.0,
        in_flight=0,
        oldest=0.0,
        users_at_limit=0,
        eta=0.4,
        dead_letters=0,
        dropped_logs=0,
        faults=(),
    )
