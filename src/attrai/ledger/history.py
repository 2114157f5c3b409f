"""What the ledger counted, day by day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from redis import Redis

from attrai.errors import OUTCOMES, Outcome, outcome_of
from attrai.ledger.ledger import DAYS_KEPT


@dataclass(frozen=True)
class Day:
    """What happened on a day, in UTC."""

    date: dt.date
    #: How many people asked, give or take 1 %.
    users: int
    #: How many photos they asked for.
    requests: int
    #: How many answers of each kind there were.
    outcomes: Mapping[Outcome, int]
    #: Of the rated photos: seconds until the answer, and of work, by their bucket's upper bound.
    seconds: Mapping[float, int]
    work: Mapping[float, int]
    #: How many faces got a score, by the lower end of the bin that it falls into.
    scores: Mapping[float, int]

    @classmethod
    def from_counts(cls, day: dt.date, users: int, counts: Mapping[bytes, bytes]) -> Self:
        """A day as Redis has it."""
        numbers = {name.decode(): int(count) for name, count in counts.items()}
        outcomes: Counter[Outcome] = Counter()
        for code, count in _below("outcome:", numbers):
            outcomes[outcome_of(code)] += count
        return cls(
            date=day,
            users=users,
            requests=numbers.get("requests", 0),
            outcomes={kind: outcomes[kind] for kind in OUTCOMES},
            seconds={float(name): n for name, n in _below("seconds:", numbers)},
            work={float(name): n for name, n in _below("work:", numbers)},
            scores={float(name): n for name, n in _below("score:", numbers)},
        )


@dataclass(frozen=True)
class History:
    """Days in a row, up to today."""

    days: Sequence[Day]
    #: How many people asked on these days in all.
    users: int

    @property
    def requests(self) -> int:
        """How many photos people asked for."""
        return sum(day.requests for day in self.days)

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """The answers of all days."""
        return {kind: sum(day.outcomes[kind] for day in self.days) for kind in OUTCOMES}

    @property
    def seconds(self) -> dict[float, int]:
        """The times until the answer of all days."""
        return _sum(day.seconds for day in self.days)

    @property
    def work(self) -> dict[float, int]:
        """The times of work of all days."""
        return _sum(day.work for day in self.days)

    @property
    def scores(self) -> dict[float, int]:
        """The scores of all days."""
        return _sum(day.scores for day in self.days)

    @property
    def today(self) -> History:
        """The last day alone."""
        return History(self.days[-1:], self.days[-1].users if self.days else 0)


def read_history(redis: Redis, days: int | None = None, *, today: dt.date | None = None) -> History:
    """The last days, today included.

    Args:
        redis: where the ledger is.
        days: how many; all since the first on which something happened when not given.
        today: the last one, if it is not today's date in UTC.

    Raises:
        redis.RedisError: Redis can't be asked.
    """
    last = today or dt.datetime.now(dt.UTC).date()
    most = DAYS_KEPT // 86400 if days is None else days
    dates = [last - dt.timedelta(days=number) for number in reversed(range(most))]
    with redis.pipeline(transaction=False) as pipeline:
        for day in dates:
            pipeline.hgetall(f"attrai:day:{day}")
            pipeline.pfcount(f"attrai:users:{day}")
        found = pipeline.execute()
    known = [
        Day.from_counts(day, users, counts)
        for day, counts, users in zip(dates, found[::2], found[1::2], strict=True)
    ]
    if days is None:
        first = next((n for n, day in enumerate(known) if day.requests), len(known) - 1)
        known = known[first:]
    users = redis.pfcount(*(f"attrai:users:{day.date}" for day in known))
    return History(known, users)


def _below(prefix: str, numbers: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    for name, count in numbers.items():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), count


def _sum(counts: Iterable[Mapping[float, int]]) -> dict[float, int]:
    total: Counter[float] = Counter()
    for each in counts:
        total.update(each)
    return dict(sorted(total.items()))
