"""Fixtures: a Redis, and a ledger on it on a day that does not end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from redis import Redis

from attrai.ledger import Ledger
from attrai.processes.embedded import embedded_redis

MAX_ACTIVE, MAX_PENDING, LIFETIME = 2, 5, 1800
TODAY = date(2026, 3, 2)  # no midnight comes during a test


@pytest.fixture
def redis() -> Redis:
    """Return the Redis of the embedded mode."""
    return embedded_redis()


@pytest.fixture(params=["embedded", pytest.param("server", marks=pytest.mark.servers)])
def each_redis(request: pytest.FixtureRequest) -> Iterator[Redis]:
    """Return the Redis of the embedded mode, then a real one."""
    if request.param == "embedded":
        yield embedded_redis()
    else:
        with Redis.from_url(request.getfixturevalue("redis_url")) as client:
            yield client


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    """Open a ledger with few slots."""
    return Ledger(
        redis,
        max_active=MAX_ACTIVE,
        max_pending=MAX_PENDING,
        lifetime=LIFETIME,
        today=TODAY.isoformat,
    )
