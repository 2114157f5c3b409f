"""A record of finished jobs, which the workers of `bench.overhead` share with the driver."""

from __future__ import annotations

import os
import time

import redis

#: Environment variables with the servers' URLs: attrai's own, which all contenders share.
BROKER_URL, REDIS_URL = "ATTRAI_BROKER_URL", "ATTRAI_REDIS_URL"
_LIST = "overhead:ends"


class Ends:
    """List in Redis that workers append to and the driver reads."""

    def __init__(self) -> None:
        self._redis = redis.Redis.from_url(os.environ[REDIS_URL])

    def note(self, number: int) -> None:
        """Record that a job finished now; the clock is read first, so recording adds no time."""
        now = time.time()
        self._redis.rpush(_LIST, f"{number} {now!r}")

    def take(self, seconds: float) -> tuple[int, float] | None:
        """Return a job's number and the Unix time of its end; None if none ends in `seconds`."""
        found = self._redis.blpop([_LIST], timeout=seconds)
        if not found:
            return None
        number, ended = found[1].split()
        return int(number), float(ended)
