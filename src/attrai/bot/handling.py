"""Handling of one update, whichever way it came, and of one that comes again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from redis import Redis

from attrai.bot.request_types import Request
from attrai.bot.updates import UpdateParser
from attrai.ledger import keys
from attrai.outages import OUTAGES
from attrai.telegram import Pseudonyms

log = structlog.get_logger(__name__)

#: Temporary errors, after which an update is handled again.
TEMPORARY: tuple[type[Exception], ...] = (*OUTAGES, OSError)
#: How many seconds a handled update is remembered.
_REMEMBERED_SECONDS = 3600


class HandledUpdates:
    """The updates of the last hour that were handled, by any replica of the bot.

    Telegram sends an update to the webhook again if it misses the answer. The ledger recognises its
    photo, but a command would be answered twice.
    """

    def __init__(self, redis: Redis, pseudonyms: Pseudonyms) -> None:
        self._redis = redis
        self._pseudonyms = pseudonyms

    def __contains__(self, update: Any) -> bool:
        key = self._key(update)
        return key is not None and bool(self._redis.exists(key))

    def add(self, update: Any) -> None:
        """Remember an update."""
        if key := self._key(update):
            self._redis.set(key, 1, ex=_REMEMBERED_SECONDS)

    def _key(self, update: Any) -> str | None:
        number = update.get("update_id") if isinstance(update, dict) else None
        return keys.UPDATE + self._pseudonyms.update(number) if isinstance(number, int) else None


def handle(update: Any, parser: UpdateParser, receive: Callable[[Request], None]) -> None:
    """Have the request in an update received, if there is one.

    An update that can't be read or handled is skipped: it must not block those behind it.

    Raises:
        One of `TEMPORARY`: the update is to be handled again later.
    """
    try:
        request = parser.parse(update)
        if request is not None:
            receive(request)
    except TEMPORARY:
        raise
    except Exception:
        log.exception("update skipped")
