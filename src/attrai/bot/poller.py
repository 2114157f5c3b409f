"""The polling loop: fetches updates, has each handled, and only then confirms them to Telegram."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from telebot import types

from attrai.bot.connection import RETRY_MIN_SECONDS, Connection, ShuttingDown
from attrai.bot.handling import TEMPORARY, handle
from attrai.bot.request_types import Request
from attrai.bot.updates import UpdateParser
from attrai.errors import TryLater
from attrai.lifecycle.shutdown import Shutdown
from attrai.telegram import PollingConflict, Rejected, Telegram

log = structlog.get_logger(__name__)

#: Long polling timeout, in seconds: how long Telegram may hold a call until there is an update.
_LONG_POLL_SECONDS = 10
#: Seconds for which the final confirmation is retried at shutdown.
_CONFIRM_SECONDS = 5.0
#: Maximum seconds to wait after a batch of updates until its messages are sent.
_FLUSH_SECONDS = 3.0


class Poller:
    """The polling loop of a bot. Telegram allows one per token."""

    def __init__(
        self, telegram: Telegram, shutdown: Shutdown, *, on_heartbeat: Callable[[], None]
    ) -> None:
        """Prepare to poll.

        Args:
            telegram: the client to fetch updates with.
            shutdown: ends the polling once the current batch of updates is handled.
            on_heartbeat: called before each call to Telegram and each attempt to handle an update,
                and at least every 10 seconds while waiting for a retry.
        """
        self._telegram = telegram
        self._connection = Connection(shutdown, on_heartbeat)
        #: Whether there are updates that were handled but may not be confirmed to Telegram yet.
        self.unconfirmed = False

    def wait_for_account(self) -> types.User | None:
        """Return the bot's account once Telegram can be reached, or None after a shutdown.

        A webhook, which another program may have left, would keep the bot from polling: it is
        deleted.

        Raises:
            TokenRefused: Telegram does not accept the token.
        """
        try:
            me = self._connection.until_answered(self._telegram.me)
            if self._connection.until_answered(self._telegram.updates.delete_webhook):
                log.warning("a webhook got this bot's updates: it is deleted")
        except ShuttingDown:
            return None
        return me

    def run(
        self,
        parser: UpdateParser,
        receive: Callable[[Request], None],
        flush: Callable[[float], None],
    ) -> None:
        """Poll until a shutdown is requested.

        Args:
            parser: parses updates into requests.
            receive: handles a request. It is called again if it raises because of an outage.
            flush: waits up to the given number of seconds until a batch's messages are sent.

        Raises:
            TokenRefused: Telegram no longer accepts the token.
        """
        offset = 0
        try:
            while True:
                updates = self._connection.ask(
                    partial(self._telegram.updates.get, offset, _LONG_POLL_SECONDS)
                )
                if updates is None:
                    continue
                self.unconfirmed = bool(updates)
                for update in updates:
                    offset = self._handle(update, parser, receive, offset)
                flush(_FLUSH_SECONDS)
        except ShuttingDown:
            if self.unconfirmed:
                self._confirm(offset)
                self.unconfirmed = False

    def _confirm(self, offset: int) -> None:
        """Confirm the updates handled last, which the next bot would otherwise get again.

        With RabbitMQ and Redis, only answers to commands would be repeated. An embedded bot would
        process its photos again, as it keeps its jobs in memory.
        """
        deadline = time.monotonic() + _CONFIRM_SECONDS
        while time.monotonic() < deadline:
            try:
                self._telegram.updates.confirm(offset)
            except TryLater as later:
                time.sleep(later.seconds or RETRY_MIN_SECONDS)
            except (PollingConflict, Rejected):
                return
            else:
                return

    def _handle(
        self, update: Any, parser: UpdateParser, receive: Callable[[Request], None], offset: int
    ) -> int:
        """Handle one update and return the offset that confirms it."""
        number = update.get("update_id") if isinstance(update, dict) else None
        if not isinstance(number, int):
            log.error("an update without a number")
            return offset
        while not self._try(update, parser, receive):
            pass
        return number + 1

    def _try(self, update: Any, parser: UpdateParser, receive: Callable[[Request], None]) -> bool:
        self._connection.on_heartbeat()
        try:
            handle(update, parser, receive)
        except TEMPORARY as error:
            self._connection.wait_for_server(error)
            return False
        self._connection.reset()
        return True
