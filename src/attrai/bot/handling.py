"""Handling of one update, however it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from attrai.bot.updates import Request, UpdateParser
from attrai.outages import OUTAGES

log = structlog.get_logger(__name__)

#: Temporary errors, after which an update is handled again.
TEMPORARY: tuple[type[Exception], ...] = (*OUTAGES, OSError)


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
