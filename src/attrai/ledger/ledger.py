"""The ledger's operations. Each may be repeated, as any message may be redelivered at any time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, cast
from uuid import uuid4

import structlog
from pydantic import ValidationError
from redis import Redis

from attrai.errors import TIMED_OUT
from attrai.job import Job, JobRef, StageName, UnknownVersion, UnreadableMessage
from attrai.ledger import keys
from attrai.ledger.albums import Albums
from attrai.ledger.constants import (
    ALBUM_PATIENCE_FACTOR,
    ALBUM_PATIENCE_MIN_SECONDS,
    BEING_DELIVERED,
    DAY_TTL_SECONDS,
    ORPHAN_MARGIN_SECONDS,
    QUOTA_SECONDS,
    SCORE_BIN,
    UNKNOWN,
    WORKER_TTL_SECONDS,
)
from attrai.ledger.estimates import Estimates
from attrai.ledger.histogram import histogram_bound
from attrai.ledger.scripts import load_script

log = structlog.get_logger(__name__)

#: Result of requesting a slot: the job got one, already has one, was already answered, or is over
#: a limit. A refusal is "ignored" if its user already has `MAX_REFUSED` in flight.
Admission = Literal[
    "admitted", "repeated", "answered", "daily-limit", "user-busy", "busy", "ignored"
]
#: Why work on a job must not start: it is answered, or another worker is delivering its answer.
Refusal = Literal["answered", "being-delivered"]


def utc_today() -> str:
    """Return today's date in UTC, such as 2024-12-31."""
    return datetime.now(UTC).date().isoformat()


class Start(NamedTuple):
    """A start of work on a job at a stage. Times are from Redis's clock, not from the worker's."""

    #: Number of times that the stage has started without ending, including this time; more than 1
    #: means that a worker died at it.
    number: int
    age: float  #: seconds since the job was admitted
    waited: float  #: seconds for which the job has waited for the stage
    overdue: bool  #: whether the job is left to the sweeper if it can't be processed now


class Ledger:
    """A record of the jobs in flight, from their admission within limits to their answer."""

    def __init__(
        self,
        redis: Redis,
        *,
        max_active: int,
        max_pending: int,
        lifetime: int,
        max_daily: int | None = None,
        today: Callable[[], str] = utc_today,
    ) -> None:
        """Open the ledger in Redis.

        Args:
            redis: The Redis that holds the ledger.
            max_active: Maximum number of jobs in flight for one user.
            max_pending: Maximum number of jobs in flight for all users together.
            lifetime: Seconds after which a job is overdue and the sweeper answers it.
            max_daily: Maximum number of one user's rated photos in 24 hours; None for no limit.
            today: Returns the date under which events are counted.
        """
        self._redis = redis
        #: The load of each stage, and when jobs will be answered.
        self.estimates = Estimates(redis)
        #: Which photos of an album are ready to be answered together.
        self.albums = Albums(redis, lifetime)
        #: Returns the date under which events are counted.
        self.today = today
        #: The limits for one user.
        self.max_active, self.max_daily = max_active, max_daily
        self._limits = (lifetime, max_active, max_pending)
        self._admit = self._script("admit")
        self._readmit = self._script("readmit")
        self._begin = self._script("begin")
        self._pause = self._script("pause")
        self._set_aside = self._script("set_aside")
        self._finish = self._script("finish")
        self._cancel = self._script("cancel")
        self._claim_overdue = self._script("claim_overdue")
        self._unclaim = self._script("unclaim")
        self._drop = self._script("drop")
        self._orphans = self._script("orphans")

    def _script(self, name: str) -> Callable[..., Any]:
        return cast("Callable[..., Any]", self._redis.register_script(load_script(name)))

    def admit(self, job: Job, photo: str | None = None) -> Admission:
        """Give the job a slot if the limits allow it.

        Args:
            job: the job.
            photo: the id of the job that was the first with the same photo, if there was one. The
                photo counts once towards the daily limit.

        A job that already has a slot keeps it, together with the job's data as first admitted.
        A job that has already failed only waits for its failure message, so it is admitted even
        when other jobs are not, up to `MAX_REFUSED` for each user.
        """
        ticket, refused = json.dumps(job.to_message()), int(job.failure is not None)
        args = [job.id, job.user, ticket, refused, *self._limits, self.today()]
        args += ["" if self.max_daily is None else self.max_daily, photo or job.id]
        args += [job.album or "", self._patience() if job.album else 0]
        return cast("Admission", self._admit(args=args).decode())

    def next_daily(self, user: str) -> float:
        """Return the seconds until a user is below the daily limit; 0 if they are."""
        if self.max_daily is None:
            return 0.0
        key, place = keys.USER_PHOTOS + user, -self.max_daily
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.time()
            pipeline.zrange(key, place, place, withscores=True)
            (seconds, microseconds), oldest = pipeline.execute()
        if not oldest:
            return 0.0
        (_, admitted), now = oldest[0], float(seconds + microseconds / 1e6)
        return max(0.0, float(admitted) + QUOTA_SECONDS - now)

    def _patience(self) -> float:
        """Return for how many seconds the photos of an album wait for one that comes now."""
        seconds = ALBUM_PATIENCE_FACTOR * self.estimates.eta()
        return max(ALBUM_PATIENCE_MIN_SECONDS, seconds)

    def admitted(self, job_id: str) -> Job | None:
        """Return the job as it was admitted, or None if it has no slot or can't be read.

        An unreadable job is deleted, but one of another version is kept for those who can read it.
        """
        match self._ticket(job_id):
            case UnknownVersion() as error:
                log.warning("admitted by another version", job=job_id, reason=str(error))
            case UnreadableMessage() as error:
                self._drop_unreadable(job_id, str(error))
            case job:
                return job
        return None

    def _ticket(self, job_id: str) -> Job | UnreadableMessage | None:
        """Return the job as it was admitted, or why it can't be read; None if it has no slot."""
        ticket = self._redis.hget(keys.TICKETS, job_id)
        if ticket is None:
            return None
        try:
            return Job.from_message(_parsed(ticket))
        except UnreadableMessage as error:
            return error

    def begin(self, job: Job, stage: StageName) -> Start | Refusal:
        """Record that a stage starts work on the job, and how long the previous stage took.

        A job that the ledger doesn't know was admitted before Redis lost its data. It is admitted
        again, from its message.
        """
        before = (job.trace[-1].stage, job.trace[-1].took) if job.trace else ("", 0.0)
        swept = job.failure is not None and job.failure.code == TIMED_OUT.code
        args = [job.id, job.user, stage, uuid4().hex, *before, job.seconds]
        number, *times = self._begin(args=[*args, self._limits[0], int(swept)])
        if number > 0:
            age, waited, overdue = times
            return Start(number, age / 1e6, waited / 1e6, bool(overdue))
        if number == UNKNOWN and self._admit_again(job, job.as_admitted().to_message(), job):
            return self.begin(job, stage)
        return "being-delivered" if number == BEING_DELIVERED else "answered"

    def _admit_again(self, ref: JobRef, ticket: object, job: Job | None) -> bool:
        """Give a job that the ledger doesn't know a slot, or return False if it has been answered.

        Args:
            ref: identifies the job and its user.
            ticket: the message of the job as it was admitted.
            job: the job, if it can be read.
        """
        refused = int(job is not None and job.failure is not None)
        lifetime, max_active, _ = self._limits
        args = [ref.id, ref.user, json.dumps(ticket), refused, lifetime, max_active]
        args.append("inf" if job is None else job.admitted_at)
        if not self._readmit(args=args):
            return False
        log.warning("admitted again: Redis has lost the job", job=ref.id)
        return True

    def set_aside(self, ref: JobRef, stage: StageName, message: object) -> float | None:
        """Record that a stage can't process a job yet, as its message has another version.

        Returns:
            Seconds for which this has been so; None if the job has been answered.
        """
        waiting = self._set_aside(args=[ref.id, stage])
        if waiting == UNKNOWN:
            return (
                self.set_aside(ref, stage, message)
                if self._admit_again(ref, message, None)
                else None
            )
        return None if waiting == 0 else float(waiting)

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
        """Free the job's slot and count its outcome; return False if it was answered before.

        The jobs that were answered together with it are finished too, in the same step.
        """
        jobs = json.dumps([_counted(each) for each in (job, *job.together)])
        return bool(self._finish(args=[self.today(), job.album or "", jobs]))

    def cancel(self, job_ids: Sequence[str]) -> list[str]:
        """Give up jobs that are not being delivered: nothing is sent for them any more.

        Their slots are free at once. A stage that is at work on one finishes that; the next one
        finds the job answered, and deletes its files.

        Returns:
            Those of the job ids that are cancelled, by this call or an earlier one.
        """
        return [job_id.decode() for job_id in self._cancel(args=[self.today(), *job_ids])]

    def in_flight(self) -> int:
        """Return the number of jobs that have a slot."""
        return self._redis.zcard(keys.JOBS)

    def claim_overdue(self) -> list[Job]:
        """Return overdue jobs to be published, marked as timed out.

        No sweeper gets such a job again before a worker has taken its message, and for some time
        after that. No more than `MAX_SWEPT` messages wait to be taken at a time.
        """
        claimed = self._claim_overdue()
        overdue = []
        for job_id, ticket in zip(claimed[::2], claimed[1::2], strict=True):
            try:
                # Only the address for the answer is needed, which jobs of every version have.
                overdue.append(JobRef.model_validate_json(ticket).failed(TIMED_OUT))
            except ValidationError as error:
                self._drop_unreadable(job_id.decode(), error.errors(include_url=False)[0]["msg"])
        return overdue

    def unclaim(self, jobs: Sequence[Job]) -> None:
        """Undo `claim_overdue` for jobs that could not be published."""
        self._unclaim(args=[job.id for job in jobs])

    def _drop_unreadable(self, job_id: str, reason: str) -> None:
        """Free the slot of a job that can't be read as it was admitted.

        Its user can't be read either, in whose own set it counts until it is overdue.
        """
        log.error("unreadable ticket", job=job_id, reason=reason)
        self._drop(args=[job_id])

    def orphans(self, job_ids: Sequence[str]) -> list[str]:
        """Return those jobs whose files are no longer needed.

        A job that the ledger doesn't know may be one that Redis has lost, whose message waits. Its
        files are needed until the message would be overdue.
        """
        patience = self._limits[0] + ORPHAN_MARGIN_SECONDS
        return [job_id.decode() for job_id in self._orphans(args=[patience, *job_ids])]

    def expire_files(self, folder_id: str, seconds: float) -> float:
        """Have the sweeper delete files in so many seconds, unless they are of a job in flight.

        Args:
            folder_id: the id of a job that is still to be admitted, or one that no job has.
            seconds: for how long they are kept.

        Returns:
            The Unix time at which they are to be deleted, by Redis's clock.
        """
        now, microseconds = self._redis.time()
        until = float(now + microseconds / 1e6 + seconds)
        # As if the sweeper had seen them before.
        seen = until - self._limits[0] - ORPHAN_MARGIN_SECONDS
        self._redis.zadd(keys.ORPHANS, {folder_id: seen})
        return until

    def age(self, job_id: str) -> float:
        """Return the seconds since a job was admitted, or 0 if it has no slot."""
        found = self._ticket(job_id)
        ref = found.ref if isinstance(found, UnreadableMessage) else found
        if ref is None:
            return 0.0
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.time()
            pipeline.zscore(keys.USER_JOBS + ref.user, job_id)
            pipeline.zscore(keys.REFUSED_JOBS + ref.user, job_id)
            (seconds, microseconds), *deadlines = pipeline.execute()
        deadline = next((found for found in deadlines if found is not None), None)
        now = seconds + microseconds / 1e6
        return 0.0 if deadline is None else max(0.0, now - deadline + self._limits[0])

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
        day = keys.DAY + self.today()
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hincrby(day, "dropped-logs", records)
            pipeline.expire(day, DAY_TTL_SECONDS)
            pipeline.execute()

    def deregister(self, stage: StageName, worker: str) -> None:
        """Remove a worker that shuts down in an orderly way."""
        self._redis.zrem(keys.WORKERS + stage, worker)


def _counted(job: Job) -> dict[str, Any]:
    """Return what `finish` needs to know of a job."""
    delivery = job.trace[-1].took if job.trace and job.trace[-1].stage == "deliver" else None
    known = {
        "id": job.id,
        "user": job.user,
        "outcome": job.failure.code if job.failure else "rated",
        "counts": _histogram_counts(job),
    }
    return known if delivery is None else {**known, "took": delivery}


def _histogram_counts(job: Job) -> dict[str, int]:
    """Return the counts that a rated job adds to its day's histograms, by name."""
    if job.failure:
        return {}
    work = sum(timing.took for timing in job.trace)
    # A full 10 belongs to the last bin.
    bins = Counter(
        min(SCORE_BIN * (score.value // SCORE_BIN), 10 - SCORE_BIN)
        for score in job.scores
        if score is not None
    )
    times = {f"seconds:{histogram_bound(job.seconds)}": 1, f"work:{histogram_bound(work)}": 1}
    return times | {f"score:{start}": faces for start, faces in bins.items()}


def _parsed(ticket: bytes | str) -> object:
    """Return a ticket's content, or None if it isn't JSON."""
    try:
        return cast("object", json.loads(ticket))
    except ValueError:
        return None
