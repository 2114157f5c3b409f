"""What the ledger tells of now and of the last minutes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from attrai.job import STAGES, StageName
from attrai.ledger.eta import seconds_to_answer
from attrai.ledger.histogram import mean
from attrai.ledger.ledger import Ledger, utc_today
from attrai.ledger.scripts import RECENT_SECONDS, SLOT_SECONDS

#: A rate is told by so many slots that are over, and the one that is not.
_MINUTE, _JUST_NOW = 60 // SLOT_SECONDS, 2
#: The time of work just now is that of the last so many jobs, if they are of the last minute.
_ENOUGH = 5


@dataclass(frozen=True)
class StageRecent:
    """What a stage did lately."""

    #: Jobs that began this stage and no later one: in work here or waiting for the next.
    jobs: int
    #: Of those, how many wait to be tried again here.
    later: int
    #: Workers that are alive.
    workers: int
    #: Jobs a minute that began here, of the last minute.
    per_minute: float
    #: Jobs a minute that come here, of the last seconds.
    arriving: float
    #: Seconds of work on a job just now, as far as one can tell; 0 when nothing is known.
    seconds: float
    #: Seconds for which no work began here although a job may have waited.
    stalled: float
    #: Histograms of the last five minutes: seconds of waiting, and of work.
    waited: Mapping[float, int]
    took: Mapping[float, int]


@dataclass(frozen=True)
class Recent:
    """What the whole chain did lately."""

    stages: Mapping[StageName, StageRecent]
    #: Jobs a minute that were admitted, of the last minute.
    per_minute: float
    #: Jobs that have a slot, and for how many seconds the oldest has had its own.
    in_flight: int
    oldest: float
    #: How many users have as many jobs as one may have.
    full_users: int
    #: Seconds until a job that comes now is answered.
    eta: float
    #: Log records that were not sent today.
    dropped_logs: int


def read_recent(redis: Redis, ledger: Ledger) -> Recent:
    """What goes on now.

    Raises:
        redis.RedisError: Redis can't be asked.
    """
    loads = ledger.loads()
    seconds, microseconds = redis.time()
    now = seconds + microseconds / 1e6
    slot = seconds // SLOT_SECONDS
    with redis.pipeline(transaction=False) as pipeline:
        pipeline.zrange("attrai:jobs", 0, 0)
        pipeline.hvals("attrai:later")
        pipeline.hgetall("attrai:begun")
        pipeline.scard("attrai:full")
        pipeline.hget(f"attrai:day:{utc_today()}", "dropped-logs")
        for stage in STAGES:
            pipeline.zrange(f"attrai:at:{stage}", 0, 0, withscores=True)
        for number in range(RECENT_SECONDS // SLOT_SECONDS):
            pipeline.hgetall(f"attrai:recent:{slot - number}")
        oldest, later, begun, full, dropped, *found = pipeline.execute()
    firsts, slots = found[: len(STAGES)], found[len(STAGES) :]
    # When those that wait for a stage came to the one before; to the first one they are admitted.
    came = [first[0][1] if first else now for first in (firsts[0], *firsts)]
    paused = Counter(stage.decode() for stage in later)
    began = {stage.decode(): float(at) for stage, at in begun.items()}
    counts = _Counts(slots, now % SLOT_SECONDS)
    stages: dict[StageName, StageRecent] = {}
    arriving = counts.rate("admitted", _JUST_NOW)
    for stage, since in zip(STAGES, came, strict=False):
        just_now = mean(counts.newest(f"{stage}:took:"))
        stages[stage] = StageRecent(
            jobs=loads[stage].jobs,
            later=paused[stage],
            workers=loads[stage].workers,
            per_minute=counts.rate(f"{stage}:waited:", _MINUTE),
            arriving=arriving,
            seconds=loads[stage].seconds if just_now is None else just_now,
            stalled=max(0.0, now - max(since, began.get(stage, 0.0))),
            waited=counts.histogram(f"{stage}:waited:"),
            took=counts.histogram(f"{stage}:took:"),
        )
        arriving = counts.rate(f"{stage}:waited:", _JUST_NOW)
    return Recent(
        stages=stages,
        per_minute=counts.rate("admitted", _MINUTE),
        in_flight=ledger.in_flight(),
        oldest=_age(redis, oldest[0], now) if oldest else 0.0,
        full_users=full,
        eta=seconds_to_answer(list(loads.values())),
        dropped_logs=int(dropped or 0),
    )


def _age(redis: Redis, job_id: bytes, now: float) -> float:
    """Seconds since a job was admitted; 0 when it is answered meanwhile."""
    ref = cast("bytes | None", redis.hget("attrai:tickets", job_id.decode()))
    return max(0.0, now - json.loads(ref)["admitted_at"]) if ref else 0.0


class _Counts:
    """What was counted in slots of some seconds, the newest first."""

    def __init__(self, slots: Sequence[Mapping[bytes, bytes]], elapsed: float) -> None:
        """Slots as Redis has them.

        Args:
            slots: names and counts.
            elapsed: how many seconds of the newest are over.
        """
        self._slots = [
            {name.decode(): int(count) for name, count in fields.items()} for fields in slots
        ]
        self._elapsed = elapsed

    def rate(self, prefix: str, full: int) -> float:
        """How often a minute what begins so was counted, by so many full slots and the newest."""
        return 60 * self._count(prefix, full + 1) / (full * SLOT_SECONDS + self._elapsed)

    def histogram(self, prefix: str, slots: int | None = None) -> dict[float, int]:
        """A histogram, of so many slots or of all."""
        found: Counter[float] = Counter()
        for slot in self._slots[:slots]:
            for name, count in slot.items():
                if name.startswith(prefix):
                    found[float(name.removeprefix(prefix))] += count
        return dict(found)

    def newest(self, prefix: str) -> dict[float, int]:
        """A histogram of as few slots as have enough to speak of a mean, of a minute at most."""
        enough = (n for n in range(1, _MINUTE) if self._count(prefix, n) >= _ENOUGH)
        return self.histogram(prefix, next(enough, _MINUTE))

    def _count(self, prefix: str, slots: int) -> int:
        return sum(
            count
            for slot in self._slots[:slots]
            for name, count in slot.items()
            if name.startswith(prefix)
        )
