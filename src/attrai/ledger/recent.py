"""The ledger's view of the present and the last minutes, for monitoring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis import Redis

from attrai.job import STAGES, StageName
from attrai.ledger import keys
from attrai.ledger.constants import RECENT_SECONDS, SLOT_SECONDS
from attrai.ledger.estimates import seconds_to_answer
from attrai.ledger.histogram import mean
from attrai.ledger.ledger import Ledger

#: Number of complete slots over which a rate is measured, in addition to the current slot.
_MINUTE_SLOTS, _CURRENT_SLOTS = 60 // SLOT_SECONDS, 2
#: Number of jobs from which the current service time is averaged, if the last minute has as many.
_MIN_JOBS = 5


@dataclass(frozen=True)
class StageActivity:
    """The recent activity of a stage."""

    #: Jobs that started this stage and no later one: being processed here or waiting for the next.
    jobs: int
    #: Number of those that wait to be retried here.
    later: int
    #: Live workers.
    workers: int
    #: Jobs per minute that started here, over the last minute.
    per_minute: float
    #: Jobs per minute that arrive here, over the last seconds.
    arriving: float
    #: Current seconds of work per job, as far as known; 0 if nothing is known.
    seconds: float
    #: Seconds in which no job started here although one may have been waiting.
    stalled: float
    #: Histograms of the last five minutes, in seconds: time of waiting, and time of work.
    waited: Mapping[float, int]
    took: Mapping[float, int]


@dataclass(frozen=True)
class Activity:
    """The recent activity of the whole pipeline."""

    stages: Mapping[StageName, StageActivity]
    #: Jobs per minute that were admitted, over the last minute.
    per_minute: float
    #: Number of jobs that have a slot, and the seconds since the oldest of them was admitted.
    in_flight: int
    oldest: float
    #: Number of users who are at their limit of jobs in flight.
    users_at_limit: int
    #: Estimated seconds until a job admitted now is answered.
    eta: float
    #: Number of log records that were not sent today.
    dropped_logs: int


def read_activity(redis: Redis, ledger: Ledger) -> Activity:
    """Read the current state and the recent activity of the pipeline.

    Raises:
        redis.RedisError: Redis is unreachable or fails.
    """
    loads = ledger.estimates.loads()
    seconds, microseconds = redis.time()
    now = seconds + microseconds / 1e6
    slot = seconds // SLOT_SECONDS
    with redis.pipeline(transaction=False) as pipeline:
        pipeline.zrange(keys.JOBS, 0, 0)
        pipeline.hvals(keys.LATER)
        pipeline.hgetall(keys.BEGUN)
        pipeline.scard(keys.FULL_USERS)
        pipeline.hget(keys.DAY + ledger.today(), "dropped-logs")
        for stage in STAGES:
            pipeline.zrange(keys.AT_STAGE + stage, 0, 0, withscores=True)
        for number in range(RECENT_SECONDS // SLOT_SECONDS):
            pipeline.hgetall(f"{keys.RECENT}{slot - number}")
        oldest, later, begun, full, dropped, *found = pipeline.execute()
    firsts, slots = found[: len(STAGES)], found[len(STAGES) :]
    # The time since which jobs may be waiting for each stage: when the oldest one reached the
    # stage before. For the first stage it is when the oldest one was admitted.
    came = [first[0][1] if first else now for first in (firsts[0], *firsts)]
    paused = Counter(stage.decode() for stage in later)
    began = {stage.decode(): float(at) for stage, at in begun.items()}
    counts = _Counts(slots, now % SLOT_SECONDS)
    stages: dict[StageName, StageActivity] = {}
    arriving = counts.rate("admitted", _CURRENT_SLOTS)
    for stage, since in zip(STAGES, came, strict=False):
        just_now = mean(counts.newest(f"{stage}:took:"))
        stages[stage] = StageActivity(
            jobs=loads[stage].jobs,
            later=paused[stage],
            workers=loads[stage].workers,
            per_minute=counts.rate(f"{stage}:waited:", _MINUTE_SLOTS),
            arriving=arriving,
            seconds=loads[stage].seconds if just_now is None else just_now,
            stalled=max(0.0, now - max(since, began.get(stage, 0.0))),
            waited=counts.histogram(f"{stage}:waited:"),
            took=counts.histogram(f"{stage}:took:"),
        )
        arriving = counts.rate(f"{stage}:waited:", _CURRENT_SLOTS)
    return Activity(
        stages=stages,
        per_minute=counts.rate("admitted", _MINUTE_SLOTS),
        in_flight=ledger.in_flight(),
        oldest=ledger.age(oldest[0].decode()) if oldest else 0.0,
        users_at_limit=full,
        eta=seconds_to_answer(list(loads.values())),
        dropped_logs=int(dropped or 0),
    )


class _Counts:
    """Counts of events in slots of `SLOT_SECONDS` seconds, the newest first."""

    def __init__(self, slots: Sequence[Mapping[bytes, bytes]], elapsed: float) -> None:
        """Wrap the slots' hashes from Redis.

        Args:
            slots: Names and counts of each slot.
            elapsed: Seconds of the newest slot that have passed.
        """
        self._slots = [
            {name.decode(): int(count) for name, count in fields.items()} for fields in slots
        ]
        self._elapsed = elapsed

    def rate(self, prefix: str, full: int) -> float:
        """Return the rate per minute of names that start with `prefix`.

        Args:
            prefix: The start of the names.
            full: Number of complete slots to use, in addition to the newest.
        """
        return 60 * self._count(prefix, full + 1) / (full * SLOT_SECONDS + self._elapsed)

    def histogram(self, prefix: str, slots: int | None = None) -> dict[float, int]:
        """Return the histogram under `prefix`, over the newest `slots` slots or over all."""
        found: Counter[float] = Counter()
        for slot in self._slots[:slots]:
            for name, count in slot.items():
                if name.startswith(prefix):
                    found[float(name.removeprefix(prefix))] += count
        return dict(found)

    def newest(self, prefix: str) -> dict[float, int]:
        """Return the histogram of the fewest slots that hold `_MIN_JOBS` jobs, or of a minute."""
        enough = (n for n in range(1, _MINUTE_SLOTS) if self._count(prefix, n) >= _MIN_JOBS)
        return self.histogram(prefix, next(enough, _MINUTE_SLOTS))

    def _count(self, prefix: str, slots: int) -> int:
        return sum(
            count
            for slot in self._slots[:slots]
            for name, count in slot.items()
            if name.startswith(prefix)
        )
