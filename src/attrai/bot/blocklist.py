"""The people whom operators have blocked, by pseudonym, in Redis."""

from __future__ import annotations

import time
from typing import cast

from redis import Redis

from attrai.ledger import keys


class Blocklist:
    """The blocked people, by pseudonyms that can't be turned back into ids."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def block(self, user: str) -> None:
        """Block a person; whoever is blocked already stays so."""
        self._redis.zadd(keys.BLOCKED, {user: time.time()}, nx=True)

    def unblock(self, user: str) -> None:
        """Unblock a person."""
        self._redis.zrem(keys.BLOCKED, user)

    def __contains__(self, user: str) -> bool:
        return self._redis.zscore(keys.BLOCKED, user) is not None

    def __len__(self) -> int:
        return self._redis.zcard(keys.BLOCKED)

    def newest(self, count: int) -> list[str]:
        """Return up to `count` blocked people, those blocked last first."""
        users = cast("list[bytes]", self._redis.zrevrange(keys.BLOCKED, 0, count - 1))
        return [user.decode() for user in users]
