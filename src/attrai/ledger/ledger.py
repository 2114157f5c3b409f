"""The ledger's operations. Each may be repeated, as any message may be redelivered at any time."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, cast

from redis import Redis

from attrai.errors import TIMED_OUT
from attrai.job import STAGES, Job, JobRef, StageName
from attrai.ledger import keys
from attrai.ledger.histogram import histogram_bound
from attrai.ledger.scripts import load_script

#: Result of requesting a slot: the job got one, already has one, was already answered, or is over
#: a limit. A refusal is "ignored" if its user already has `MAX_REFUSED` in flight.
Admission = Literal["admitted", "repeated", "answered", "user-busy", "busy", "ignored"]
#: Number of times work on a job has started, including this time; or why it must not start.
Start = int | Literal["answered", "being-delivered"]

#: A worker without a heartbeat for this many seconds counts as dead.
WORKER_TTL_SECONDS = 15
#: Seconds before another worker may deliver an answer, after a worker died while delivering it.
DELIVERY_LOCK_SECONDS = 30
#: Seconds until the sweeper tries again to answer an overdue job.
SWEEP_RETRY_SECONDS = 60
#: Seconds for which an answered job is remembered: longer than a channel may repeat its request,
#: which Telegram does for 24 hours.
ANSWERED_TTL_SECONDS = 26 * 3600
#: Maximum number of one user's refusals in flight; any more are ignored.
MAX_REFUSED = 20
#: Seconds for which daily counts are kept.
DAY_TTL_SECONDS = 400 * 86400
#: Weight of the newest job in the moving average of a stage's service time.
_EMA_WEIGHT = 0.05
#: Width of the bins in which scores are counted.
SCORE_BIN = 0.5


def utc_today() -> str:
    """Return today's date in UTC, such as 2024-12-31."""
    return datetime.now(UTC).date().isoformat()


class StageLoad(NamedTuple):
    """The current load of a stage."""

    jobs: int  #: jobs waiting or being processed
    seconds: float  #: recent seconds of work per job
    workers: int  #: live workers; a stage without any is assumed to get one soon


class Ledger:
    """A record of the jobs in flight, from their admission within limits to their answer."""

    def __init__(
        self,
        redis: Redis,
        *,
        max_active: int,
        max_pending: int,
        lifetime: int,
        today: Callable[[], str] = utc_today,
    ) -> None:
        """Open the ledger in Redis.

        Args:
            redis: The Redis that holds the ledger.
            max_active: Maximum number of jobs in flight for one user.
            max_pending: Maximum number of jobs in flight for all users together.
            lifetime: Seconds after which a job is overdue and the sweeper answers it.
            today: Returns the date under which events are counted.
        """
        self._redis = redis
        self._today = today
        self._limits = (lifetime, max_active, max_pending)
        self._admit = self._script("admit")
        self._begin = self._script("begin")
        self._pause = self._script("pause")
        self._finish = self._script("finish")
        self._claim_overdue = self._script("claim_overdue")

    def _script(self, name: str) -> Callable[..., Any]:
        return cast("Callable[..., Any]", self._redis.register_script(load_script(name)))

    def admit(self, job: Job) -> Admission:
        """Give the job a slot if the limits allow it.

        A job that already has a slot keeps it, together with the job's data as first admitted.
        A job that has already failed only waits for its failure message, so it is admitted even
        when other jobs are not, up to `MAX_REFUSED` for each user.
        """
        ref, refused = json.dumps(job.to_message()), int(job.failure is not None)
        args = [job.id, job.user, ref, refused, *self._limits, MAX_REFUSED]
        args += [self._today(), DAY_TTL_SECONDS]
        return cast("Admission", self._admit(args=args).decode())

    def admitted(self, job_id: str) -> Job | None:
        """Return the job as it was admitted, or None if it has no slot.

        Raises:
            UnreadableMessage: The job was admitted by a bot of another version.
        """
        ref = self._redis.hget(keys.TICKETS, job_id)
        return None if ref is None else Job.from_message(json.loads(ref))

    def begin(self, job: Job, stage: StageName) -> Start:
        """Record that a stage starts work on the job, and how long the previous stage took.

        Returns:
            The number of times that the stage has started without ending, including this time;
            more than 1 means that a worker died at it. "answered" if the job no longer has a slot,
            "being-delivered" if another worker is delivering its answer.
        """
        before = (job.trace[-1].stage, job.trace[-1].took) if job.trace else ("", 0.0)
        waited = histogram_bound(time.time() - job.queued_at)
        args = [job.id, stage, DELIVERY_LOCK_SECONDS, waited, *before, histogram_bound(before[1])]
        begun = cast("int", self._begin(args=[*args, _EMA_WEIGHT]))
        if begun > 0:
            return begun
        return "answered" if begun == 0 else "being-delivered"

    def pause(self, job: Job, stage: StageName) -> None:
        """Undo `begin` for work that stopped without a crash and will be retried."""
        self._pause(args=[job.id, stage])

    def holds(self, job_id: str) -> bool:
        """Return whether the job has a slot: it was admitted and is not answered yet."""
        return self._redis.zscore(keys.JOBS, job_id) is not None

    def held(self, job_ids: Sequence[str]) -> set[str]:
        """Return those of the job ids that have a slot."""
        if not job_ids:
            return set()
        scores = self._redis.zmscore(keys.JOBS, list(job_ids))
        return {job_id for job_id, score in zip(job_ids, scores, strict=True) if score is not None}

    def finish(self, job: Job) -> bool:
        """Free the job's slot and count its outcome; return whether it had a slot."""
        outcome = job.failure.code if job.failure else "rated"
        delivery = job.trace[-1].took if job.trace and job.trace[-1].stage == "deliver" else None
        timing = ["", ""] if delivery is None else [delivery, histogram_bound(delivery)]
        args = [job.id, job.user, self._today(), outcome, ANSWERED_TTL_SECONDS, *timing]
        return bool(self._finish(args=[*args, _EMA_WEIGHT, *_histogram_counts(job)]))

    def in_flight(self) -> int:
        """Return the number of jobs that have a slot."""
        return self._redis.zcard(keys.JOBS)

    def claim_overdue(self, most: int = 100) -> list[Job]:
        """Claim up to `most` overdue jobs for `SWEEP_RETRY_SECONDS` and mark them as timed out.

        No other sweeper gets the jobs in that time.
        """
        tickets = map(json.loads, self._claim_overdue(args=[SWEEP_RETRY_SECONDS, most]))
        # Only the address for the answer is needed, which jobs of every version have.
        return [JobRef.model_validate(ref).failed(TIMED_OUT) for ref in tickets]

    def heartbeat(self, stage: StageName, worker: str) -> None:
        """Record that a worker of the stage is alive."""
        seconds, microseconds = self._redis.time()
        now = seconds + microseconds / 1e6
        key = keys.WORKERS + stage
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zadd(key, {worker: now})
            pipeline.zremrangebyscore(key, "-inf", now - 2 * WORKER_TTL_SECONDS)
            pipeline.execute()

    def count_dropped_logs(self, records: int) -> None:
        """Add `records` to today's count of log records that were not sent."""
        day = keys.DAY + self._today()
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hincrby(day, "dropped-logs", records)
            pipeline.expire(day, DAY_TTL_SECONDS)
            pipeline.execute()

    def deregister(self, stage: StageName, worker: str) -> None:
        """Remove a worker that shuts down in an orderly way."""
        self._redis.zrem(keys.WORKERS + stage, worker)

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


def _histogram_counts(job: Job) -> list[str | int]:
    """Return the counts that a rated job adds to its day's histograms: name, count, name, ..."""
    if job.failure:
        return []
    work = sum(timing.took for timing in job.trace)
    seconds = work + sum(timing.waited for timing in job.trace)
    # A full 10 belongs to the last bin.
    bins = Counter(
        min(SCORE_BIN * (score.value // SCORE_BIN), 10 - SCORE_BIN) for score in job.scores
    )
    counts: list[str | int] = [f"seconds:{histogram_bound(seconds)}", 1]
    counts += [f"work:{histogram_bound(work)}", 1]
    for start, faces in bins.items():
        counts += [f"score:{start}", faces]
    return counts
