"""Which of several bots keeps which progress message.

A progress message is kept by the bot that announced it. When that bot is gone, another one adopts
it. Two bots may both do so after an outage: they then edit and delete the same message, which does
no harm.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from typing import cast

from redis import Redis

from attrai.ledger import keys
from attrai.telegram import Pseudonyms

#: How many seconds a bot counts as alive after its last heartbeat, and the seconds between two.
_ALIVE_SECONDS, _RENEW_SECONDS = 30, 5.0
#: How many seconds it is known which bot announced a photo or an album: as long as photos of an
#: album may come, or an update may be repeated.
_CLAIM_SECONDS = 3600
#: How many seconds it is known which bot keeps which message, since the last one was sent.
_KEPT_SECONDS = 86_400


class Replica:
    """One of the bots that share a webhook."""

    def __init__(self, redis: Redis, pseudonyms: Pseudonyms) -> None:
        self._redis = redis
        self._pseudonyms = pseudonyms
        self._id = secrets.token_hex(8)
        self._next_renewal = 0.0
        self.renew()

    def renew(self) -> bool:
        """Send a heartbeat if one is due, and return whether it was."""
        if time.monotonic() < self._next_renewal:
            return False
        self._redis.set(keys.BOT + self._id, 1, ex=_ALIVE_SECONDS)
        self._next_renewal = time.monotonic() + _RENEW_SECONDS
        return True

    def leave(self) -> None:
        """Let another bot adopt at once what this one keeps."""
        self._redis.delete(keys.BOT + self._id)

    def claim(self, what: str, job: str) -> str | None:
        """Claim to announce a photo or an album by its id, and return None.

        If another bot that is alive does so, return the job with which it began.
        """
        key, mine = keys.NOTICES_CLAIM + self._pseudonyms.album(what), f"{self._id} {job}"
        if self._redis.set(key, mine, nx=True, ex=_CLAIM_SECONDS):
            return None
        claimed = cast("bytes | None", self._redis.get(key)) or mine.encode()
        owner, first = claimed.decode().split()
        if owner != self._id and self._is_alive(owner):
            return first
        self._redis.set(key, mine, ex=_CLAIM_SECONDS)
        return None

    def join(self, job: str, first: str) -> None:
        """Have the bot whose message began with the job `first` count another job."""
        self._redis.hset(keys.NOTICES_JOINED, job, first)
        self._redis.expire(keys.NOTICES_JOINED, _CLAIM_SECONDS)

    def take_joined(self, messages: set[str]) -> dict[str, str]:
        """Return the first job by each job that joined one of this bot's messages since."""
        joined = cast("dict[bytes, bytes]", self._redis.hgetall(keys.NOTICES_JOINED))
        mine = {
            job.decode(): first.decode()
            for job, first in joined.items()
            if first.decode() in messages
        }
        if mine:
            self._redis.hdel(keys.NOTICES_JOINED, *mine)
        return mine

    def keep(self, first: str) -> None:
        """Note that this bot keeps a message."""
        self._redis.hset(keys.NOTICES_BOTS, first, self._id)
        # A bot that polls later keeps all messages and cleans up nothing here.
        self._redis.expire(keys.NOTICES_BOTS, _KEPT_SECONDS)

    def drop(self, first: str | bytes) -> None:
        """Note that a message is deleted."""
        self._redis.hdel(keys.NOTICES_BOTS, first)

    def orphans(self, saved: Collection[bytes]) -> set[bytes]:
        """Return those of the saved messages whose bot is gone, and of which this one wins.

        Args:
            saved: the first jobs of all messages.
        """
        known = cast("dict[bytes, bytes]", self._redis.hgetall(keys.NOTICES_BOTS))
        bots = set(known.values())
        alive = {bot for bot in bots if bot.decode() == self._id or self._is_alive(bot.decode())}
        orphans = {first for first in saved if known.get(first) not in alive}
        return {first for first in orphans if self._wins(first)}

    def _wins(self, first: bytes) -> bool:
        key = keys.NOTICES_ORPHAN.encode() + first
        return bool(self._redis.set(key, self._id, nx=True, ex=_ALIVE_SECONDS))

    def _is_alive(self, bot: str) -> bool:
        return bool(self._redis.exists(keys.BOT + bot))
