"""Log records that were dropped, counted where the operator sees them."""

from __future__ import annotations

from contextlib import suppress

from redis import RedisError

from attrai.ledger import Ledger
from attrai.logs import LogHandler


class DroppedRecords:
    """Adds this process's to those of all others."""

    def __init__(self, ledger: Ledger, log_handler: LogHandler) -> None:
        self._ledger = ledger
        self._log_handler = log_handler
        self._noted = 0

    def note(self) -> None:
        """Called often; costs nothing while nothing is dropped."""
        dropped = self._log_handler.dropped
        if dropped > self._noted:
            with suppress(RedisError):  # the next call notes them
                self._ledger.count_dropped_logs(dropped - self._noted)
                self._noted = dropped
