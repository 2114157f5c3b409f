"""The ledger's counts by day: users, requests, outcomes, times and scores."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from redis import Redis

from attrai.errors import OUTCOMES, Outcome, outcome_of
from attrai.ledger import keys
from attrai.ledger.constants import DAY_TTL_SECONDS


@dataclass(frozen=True)
class Day:
    """The counts of one day in UTC."""

    date: dt.date
    #: Number of distinct users who sent requests, accurate to about 1 %.
    users: int
    #: Number of photos that they sent.
    requests: int
    #: Number of answers of each kind.
    outcomes: Mapping[Outcome, int]
    #: Histograms of rated photos, by the bucket's upper bound in seconds: the time from request
    #: to answer, and the time of work.
    seconds: Mapping[float, int]
    work: Mapping[float, int]
    #: Number of scored faces, by the lower end of the score's bin.
    scores: Mapping[float, int]

    @classmethod
    def from_counts(cls, day: dt.date, users: int, counts: Mapping[bytes, bytes]) -> Self:
        """Create a day from its hash in Redis.

        Args:
            day: The date.
            users: Number of distinct users.
            counts: The fields of the hash under `keys.DAY`.
        """
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
    """The counts of consecutive days up to today."""

    days: Sequence[Day]
    #: Number of distinct users on these days in total.
    users: int

    @property
    def requests(self) -> int:
        """Number of photos that users sent, over all days."""
        return sum(day.requests for day in self.days)

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """Number of answers of each kind, over all days."""
        return {kind: sum(day.outcomes[kind] for day in self.days) for kind in OUTCOMES}

    @property
    def seconds(self) -> dict[float, int]:
        """Histogram of the seconds from request to answer, over all days."""
        return _sum(day.seconds for day in self.days)

    @property
    def work(self) -> dict[float, int]:
        """Histogram of the seconds of work, over all days."""
        return _sum(day.work for day in self.days)

    @property
    def scores(self) -> dict[float, int]:
        """Histogram of the scores, over all days."""
        return _sum(day.scores for day in self.days)

    @property
    def today(self) -> History:
        """A history of the last day only."""
        return History(self.days[-1:], self.days[-1].users if self.days else 0)


def read_history(redis: Redis, days: int | None = None, *, today: dt.date | None = None) -> History:
    """Read the ledger's counts of the last days, including today.

    Args:
        redis: The ledger's Redis.
        days: Number of days; by default all since the first day with a request.
        today: The last day; by default today's date in UTC.

    Raises:
        redis.RedisError: Redis is unreachable or fails.
    """
    last = today or dt.datetime.now(dt.UTC).date()
    most = DAY_TTL_SECONDS // 86400 if days is None else days
    dates = [last - dt.timedelta(days=number) for number in reversed(range(most))]
    with redis.pipeline(transaction=False) as pipeline:
        for day in dates:
            pipeline.hgetall(f"{keys.DAY}{day}")
            pipeline.pfcount(f"{keys.DAY_USERS}{day}")
        found = pipeline.execute()
    known = [
        Day.from_counts(day, users, counts)
        for day, counts, users in zip(dates, found[::2], found[1::2], strict=True)
    ]
    if days is None:
        first = next((n for n, day in enumerate(known) if day.requests), len(known) - 1)
        known = known[first:]
    users = redis.pfcount(*(f"{keys.DAY_USERS}{day.date}" for day in known))
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
