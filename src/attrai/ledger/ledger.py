"""The ledger's calls. Each may be repeated: a message may be delivered again at any time."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast

from redis import Redis

from attrai.errors import TIMED_OUT
from attrai.job import STAGES, Job, JobRef, StageName
from attrai.ledger import scripts
from attrai.ledger.eta import StageLoad, seconds_to_answer
from attrai.ledger.histogram import histogram_bound

#: Whether a job has a slot now, had one before, or why not; "ignored" is a refusal too many.
Admission = Literal["admitted", "repeated", "answered", "user-busy", "busy", "ignored"]
#: How often work on a job was begun, this time included; or why not to begin.
Start = int | Literal["answered", "being-delivered"]

#: A worker that gave no sign of life for so many seconds is gone.
WORKER_SECONDS = 15
#: After a worker died while it handed over an answer, another one waits so many seconds.
DELIVERY_SECONDS = 30
#: The sweeper tries again after so many seconds to answer for an overdue job.
SWEEP_SECONDS = 60
#: An answered job is known for so many seconds: longer than a channel may repeat its request,
#: which Telegram does for 24 hours.
ANSWERED_SECONDS = 26 * 3600
#: So many refusals of one user may be in flight; who asks on and on gets no more.
MAX_REFUSED = 20
#: How long daily counts are kept, in seconds.
DAYS_KEPT = 400 * 86400
#: How much of a stage's recent service time its newest job makes up.
_NEWEST_SHARE = 0.05
#: Scores are counted in bins of this width.
SCORE_BIN = 0.5


def utc_today() -> str:
    """The date by which things are counted now, as 2024-12-31."""
    return datetime.now(UTC).date().isoformat()


class Ledger:
    """Admits jobs within limits, knows where they are, and forgets them when answered."""

    def __init__(
        self,
        redis: Redis,
        *,
        max_active: int,
        max_pending: int,
        lifetime: int,
        today: Callable[[], str] = utc_today,
    ) -> None:
        """A ledger with its limits.

        Args:
            redis: where it is kept.
            max_active: how many jobs of one user may be in flight.
            max_pending: how many of all users.
            lifetime: seconds until the sweeper answers for a job.
            today: the date by which things are counted.
        """
        self._redis = redis
        self._today = today
        self._limits = (lifetime, max_active, max_pending)
        self._admit = self._script(scripts.ADMIT)
        self._begin = self._script(scripts.BEGIN)
        self._pause = self._script(scripts.PAUSE)
        self._finish = self._script(scripts.FINISH)
        self._take_overdue = self._script(scripts.TAKE_OVERDUE)

    def _script(self, lua: str) -> Callable[..., Any]:
        return cast("Callable[..., Any]", self._redis.register_script(scripts.COMMON + lua))

    def admit(self, job: Job) -> Admission:
        """Gives the job a slot; one that has a slot keeps it, and what was admitted stands.

        A job that has failed already waits for nothing but its answer, and is let in where
        others are not.
        """
        ref, refused = json.dumps(job.to_message()), int(job.failure is not None)
        args = [job.id, job.user, ref, refused, *self._limits, MAX_REFUSED]
        args += [self._today(), DAYS_KEPT]
        return cast("Admission", self._admit(args=args).decode())

    def admitted(self, job_id: str) -> Job | None:
        """The job as it was admitted, while it has its slot.

        Raises:
            UnreadableMessage: a bot of another version admitted it.
        """
        ref = self._redis.hget("attrai:tickets", job_id)
        return None if ref is None else Job.from_message(json.loads(ref))

    def begin(self, job: Job, stage: StageName) -> Start:
        """Notes that a stage begins to work on the job, and how long the one before took.

        Returns:
            How often this was begun and not ended, this time included. More than 1 means
            that a worker died at it. Or that the job was answered meanwhile, or that another
            worker is handing over its answer.
        """
        before = (job.trace[-1].stage, job.trace[-1].took) if job.trace else ("", 0.0)
        waited = histogram_bound(time.time() - job.queued_at)
        args = [job.id, stage, DELIVERY_SECONDS, waited, *before, histogram_bound(before[1])]
        begun = cast("int", self._begin(args=[*args, _NEWEST_SHARE]))
        if begun > 0:
            return begun
        return "answered" if begun == 0 else "being-delivered"

    def pause(self, job: Job, stage: StageName) -> None:
        """Takes `begin` back: the work failed in an orderly way and is tried again."""
        self._pause(args=[job.id, stage])

    def holds(self, job_id: str) -> bool:
        """Whether the job has a slot: it was admitted and not answered yet."""
        return self._redis.zscore("attrai:jobs", job_id) is not None

    def held(self, job_ids: Sequence[str]) -> set[str]:
        """Which of the jobs have a slot."""
        if not job_ids:
            return set()
        scores = self._redis.zmscore("attrai:jobs", list(job_ids))
        return {job_id for job_id, score in zip(job_ids, scores, strict=True) if score is not None}

    def finish(self, job: Job) -> bool:
        """Frees the job's slot and counts its end; whether it had one."""
        outcome = job.failure.code if job.failure else "rated"
        delivery = job.trace[-1].took if job.trace and job.trace[-1].stage == "deliver" else None
        timing = ["", ""] if delivery is None else [delivery, histogram_bound(delivery)]
        args = [job.id, job.user, self._today(), outcome, ANSWERED_SECONDS, *timing]
        return bool(self._finish(args=[*args, _NEWEST_SHARE, *_counted(job)]))

    def in_flight(self) -> int:
        """How many jobs have a slot."""
        return self._redis.zcard("attrai:jobs")

    def take_overdue(self, most: int = 100) -> list[Job]:
        """Jobs whose time is over, with that failure; for a minute nobody else gets them."""
        tickets = map(json.loads, self._take_overdue(args=[SWEEP_SECONDS, most]))
        # Of any version: all that is wanted of them is whom to answer.
        return [JobRef.model_validate(ref).failed(TIMED_OUT) for ref in tickets]

    def heartbeat(self, stage: StageName, worker: str) -> None:
        """A worker's sign of life."""
        seconds, microseconds = self._redis.time()
        now = seconds + microseconds / 1e6
        key = f"attrai:workers:{stage}"
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zadd(key, {worker: now})
            pipeline.zremrangebyscore(key, "-inf", now - 2 * WORKER_SECONDS)
            pipeline.execute()

    def count_dropped_logs(self, records: int) -> None:
        """Notes that so many more log records were not sent."""
        day = f"attrai:day:{self._today()}"
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hincrby(day, "dropped-logs", records)
            pipeline.expire(day, DAYS_KEPT)
            pipeline.execute()

    def deregister(self, stage: StageName, worker: str) -> None:
        """A worker's orderly end."""
        self._redis.zrem(f"attrai:workers:{stage}", worker)

    def loads(self) -> dict[StageName, StageLoad]:
        """What there is at each stage now."""
        alive = self._redis.time()[0] - WORKER_SECONDS
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hgetall("attrai:service")
            for stage in STAGES:
                pipeline.zcard(f"attrai:at:{stage}")
                pipeline.zcount(f"attrai:workers:{stage}", alive, "+inf")
            service, *counts = pipeline.execute()
        recent = {name.decode(): float(value) for name, value in service.items()}
        return {
            stage: StageLoad(jobs, recent.get(stage, 0.0), workers)
            for stage, jobs, workers in zip(STAGES, counts[::2], counts[1::2], strict=True)
        }

    def eta(self) -> float:
        """Seconds until a job that is admitted now is answered."""
        return seconds_to_answer(list(self.loads().values()))

    def remaining(self, job_ids: Sequence[str]) -> dict[str, float]:
        """Seconds until each of the jobs that are in flight is answered."""
        loads = self.loads()
        with self._redis.pipeline(transaction=False) as pipeline:
            for job_id in job_ids:
                for stage in STAGES:
                    pipeline.zrank(f"attrai:at:{stage}", job_id)
            ranks = pipeline.execute()
        found: dict[str, float] = {}
        for place, job_id in enumerate(job_ids):
            for number, stage in enumerate(STAGES):
                rank = ranks[place * len(STAGES) + number]
                if rank is not None:
                    # Of its own stage only those before it count, the stages before not at all.
                    own = loads[stage]._replace(jobs=rank)
                    ahead = [own, *(loads[later] for later in STAGES[number + 1 :])]
                    found[job_id] = seconds_to_answer(ahead)
        return found

    def next_slot(self, user: str) -> float:
        """Seconds until one of a user's jobs is answered; 0 when none is in flight."""
        job_ids = cast("list[bytes]", self._redis.zrange(f"attrai:user:{user}", 0, -1))
        remaining = self.remaining([job_id.decode() for job_id in job_ids])
        return min(remaining.values(), default=0.0)


def _counted(job: Job) -> list[str | int]:
    """What the end of a rated job adds to its day's histograms, as names and counts."""
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
