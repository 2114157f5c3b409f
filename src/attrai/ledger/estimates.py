"""Estimates of when jobs will be answered, from the load of each stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from redis import Redis

from attrai.job import STAGES, StageName
from attrai.ledger import keys
from attrai.ledger.constants import WORKER_TTL_SECONDS


class StageLoad(NamedTuple):
    """The current load of a stage."""

    jobs: int  #: jobs waiting or being processed
    seconds: float  #: recent seconds of work per job
    workers: int  #: live workers; a stage without any is assumed to get one soon


class Estimates:
    """Estimates from what the ledger has in Redis now."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def loads(self) -> dict[StageName, StageLoad]:
        """Return the current load of each stage."""
        alive = self._redis.time()[0] - WORKER_TTL_SECONDS
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hgetall(keys.SERVICE)
            for stage in STAGES:
                pipeline.zcard(keys.AT_STAGE + stage)
                pipeline.zcount(keys.WORKERS + stage, alive, "+inf")
            service, *counts = pipeline.execute()
        recent = {name.decode(): float(value) for name, value in service.items()}
        return {
            stage: StageLoad(jobs, recent.get(stage, 0.0), workers)
            for stage, jobs, workers in zip(STAGES, counts[::2], counts[1::2], strict=True)
        }

    def eta(self) -> float:
        """Estimate the seconds until a job admitted now is answered."""
        return seconds_to_answer(list(self.loads().values()))

    def remaining(self, job_ids: Sequence[str]) -> dict[str, float]:
        """Estimate the seconds until each job is answered; omit those not in flight."""
        loads = self.loads()
        with self._redis.pipeline(transaction=False) as pipeline:
            for job_id in job_ids:
                for stage in STAGES:
                    pipeline.zrank(keys.AT_STAGE + stage, job_id)
            ranks = pipeline.execute()
        found: dict[str, float] = {}
        for place, job_id in enumerate(job_ids):
            for number, stage in enumerate(STAGES):
                rank = ranks[place * len(STAGES) + number]
                if rank is not None:
                    # At its own stage only the jobs ahead of it count; earlier stages don't.
                    own = loads[stage]._replace(jobs=rank)
                    ahead = [own, *(loads[later] for later in STAGES[number + 1 :])]
                    found[job_id] = seconds_to_answer(ahead)
        return found

    def next_slot(self, user: str) -> float:
        """Estimate the seconds until one of a user's jobs is answered; 0 if none is in flight."""
        job_ids = cast("list[bytes]", self._redis.zrange(keys.USER_JOBS + user, 0, -1))
        remaining = self.remaining([job_id.decode() for job_id in job_ids])
        return min(remaining.values(), default=0.0)


def seconds_to_answer(stages: Sequence[StageLoad]) -> float:
    """Estimate the seconds until a job that enters the first stage now is answered.

    Jobs pass through the stages in order. A stage can't finish with the jobs at it and before it
    sooner than it can process all of them, so the slowest stage determines the wait. The work on
    the new job itself at each stage is added.
    """
    ahead = 0
    longest_queue = 0.0
    for stage in stages:
        ahead += stage.jobs
        longest_queue = max(longest_queue, ahead * stage.seconds / max(1, stage.workers))
    return longest_queue + sum(stage.seconds for stage in stages)
