"""How the workers of `bench.overhead` say when a job has been through its last stage."""

from __future__ import annotations

import os
import time

import redis

#: The variables that name the servers, attrai's own: all contenders share them.
BROKER_URL, REDIS_URL = "ATTRAI_BROKER_URL", "ATTRAI_REDIS_URL"
_LIST = "overhead:ends"


class Ends:
    """A list in Redis: workers append, the driver takes."""

    def __init__(self) -> None:
        self._redis = redis.Redis.from_url(os.environ[REDIS_URL])

    def note(self, number: int) -> None:
        """Says that a job is through; the clock is read first, so saying it costs nothing."""
        now = time.time()
        self._redis.rpush(_LIST, f"{number} {now!r}")

    def take(self, seconds: float) -> tuple[int, float] | None:
        """A job's number and the time of its end; None when there is none for so long."""
        found = self._redis.blpop([_LIST], timeout=seconds)
        if not found:
            return None
        number, ended = found[1].split()
        return int(number), float(ended)
