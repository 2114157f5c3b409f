"""The polling loop: fetches updates, has each handled, and only then confirms them to Telegram."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar, cast

import structlog
from telebot import types

from attrai.bot.updates import Request, UpdateParser
from attrai.errors import TryLater
from attrai.lifecycle.shutdown import Shutdown
from attrai.outages import OUTAGES
from attrai.telegram import PollingConflict, Rejected, Telegram

log = structlog.get_logger(__name__)

#: Long polling timeout, in seconds: how long Telegram may hold a call until there is an update.
_LONG_POLL_SECONDS = 10
#: Minimum and maximum seconds between retries during an outage; each retry doubles the delay.
_RETRY_MIN_SECONDS, _RETRY_MAX_SECONDS = 0.5, 20.0
#: Seconds for which the final confirmation is retried at shutdown.
_CONFIRM_SECONDS = 5.0
#: Seconds between retries while another program polls. Two bots that keep displacing each other
#: then do so slowly.
_CONFLICT_RETRY_SECONDS = 5.0
#: Maximum seconds to wait after a batch of updates until its messages are sent.
_FLUSH_SECONDS = 3.0

#: Temporary errors, during which an update is retried.
_OUTAGES: tuple[type[Exception], ...] = (*OUTAGES, OSError)


_Answer = TypeVar("_Answer")


class _ShuttingDown(Exception):
    """A shutdown was requested while no update was being handled."""


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
        self._shutdown = shutdown
        self._on_turn = on_heartbeat
        self._calls = _Calls(shutdown)
        self._pause = _RETRY_MIN_SECONDS
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
            me = self._await(self._telegram.me)
            if self._await(self._telegram.delete_webhook):
                log.warning("a webhook got this bot's updates: it is deleted")
        except _ShuttingDown:
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
                updates = self._ask(partial(self._telegram.updates, offset, _LONG_POLL_SECONDS))
                if updates is None:
                    continue
                self.unconfirmed = bool(updates)
                for update in updates:
                    offset = self._handle(update, parser, receive, offset)
                flush(_FLUSH_SECONDS)
        except _ShuttingDown:
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
                self._telegram.confirm(offset)
            except TryLater as later:
                time.sleep(later.seconds or _RETRY_MIN_SECONDS)
            except (PollingConflict, Rejected):
                return
            else:
                return

    def _await(self, call: Callable[[], _Answer]) -> _Answer:
        """Return the result of a call to Telegram, repeated until it succeeds.

        Raises:
            _ShuttingDown: a shutdown was requested.
        """
        while (answer := self._ask(call)) is None:
            pass
        return answer

    def _ask(self, call: Callable[[], _Answer]) -> _Answer | None:
        """Return the result of a call to Telegram, or wait and return None if it must be retried.

        Raises:
            _ShuttingDown: a shutdown was requested.
        """
        self._on_turn()
        try:
            answer = self._calls.make(call)
        except (TryLater, Rejected) as error:
            seconds = getattr(error, "seconds", None) or self._pause
            log.warning("Telegram can't be asked", reason=str(error), next_try_seconds=seconds)
            self._wait(seconds)
            return None
        except PollingConflict as error:
            log.error(  # noqa: TRY400 - there is nothing to trace
                "another program gets this bot's updates: end it, or take another token",
                reason=str(error),
            )
            self._wait(_CONFLICT_RETRY_SECONDS)
            return None
        self._pause = _RETRY_MIN_SECONDS
        return answer

    def _wait(self, seconds: float) -> None:
        self._pause = min(2 * self._pause, _RETRY_MAX_SECONDS)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._on_turn()
            if self._shutdown.wait(min(left, _LONG_POLL_SECONDS)):
                raise _ShuttingDown

    def _handle(
        self, update: Any, parser: UpdateParser, receive: Callable[[Request], None], offset: int
    ) -> int:
        """Handle one update and return the offset that confirms it."""
        number = update.get("update_id") if isinstance(update, dict) else None
        if not isinstance(number, int):
            log.error("an update without a number")
            return offset
        try:
            request = parser.parse(update)
            while request is not None and not self._receive(request, receive):
                pass
        except _ShuttingDown:
            raise
        except Exception:
            # An update that can't be read or handled must not block those behind it.
            log.exception("update skipped")
        return number + 1

    def _receive(self, request: Request, receive: Callable[[Request], None]) -> bool:
        self._on_turn()
        try:
            receive(request)
        except _OUTAGES as error:
            log.warning("out of reach", reason=type(error).__name__, next_try_seconds=self._pause)
            self._wait(self._pause)
            return False
        self._pause = _RETRY_MIN_SECONDS
        return True


class _Calls:
    """A thread that makes calls to Telegram. At shutdown a slow call is abandoned in it."""

    def __init__(self, shutdown: Shutdown) -> None:
        self._shutdown = shutdown
        self._asked: SimpleQueue[Callable[[], Any]] = SimpleQueue()
        self._answers: SimpleQueue[tuple[Any, BaseException | None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="calls", daemon=True).start()

    def make(self, call: Callable[[], _Answer]) -> _Answer:
        """Return the result of the call, or raise the exception it raises.

        Raises:
            _ShuttingDown: a shutdown was requested. The call may still be running.
        """
        if self._shutdown.requested:
            raise _ShuttingDown
        with self._shutdown.calling(lambda: self._answers.put(None)):
            self._asked.put(call)
            answered = self._answers.get()
        if answered is None:
            raise _ShuttingDown
        answer, error = answered
        if error is not None:
            raise error
        return cast("_Answer", answer)

    def _run(self) -> None:
        while not self._shutdown.requested:
            call = self._asked.get()
            try:
                self._answers.put((call(), None))
            except BaseException as error:  # noqa: BLE001 - raised again in `make`
                self._answers.put((None, error))
