"""Gets the updates, has each handled, and only then confirms them to Telegram."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar, cast

import dramatiq
import redis
import structlog
from telebot import types

from attrai.bot.updates import Request, UpdateParser
from attrai.errors import TryLater
from attrai.lifecycle.shutdown import Shutdown
from attrai.telegram import AnotherPoller, Rejected, Telegram

log = structlog.get_logger(__name__)

#: Seconds that Telegram may hold a call until there is an update.
_WAIT = 10
#: Seconds between tries when something is out of reach.
_SHORTEST, _LONGEST = 0.5, 20.0
#: How long the last confirmation is tried.
_CONFIRM_SECONDS = 5.0
#: Seconds between tries while another program polls: two that trade places do so slowly.
_CONFLICT = 5.0
#: Seconds that a batch waits for what was said about it to be sent.
_SETTLE = 3.0

#: What heals by itself, and what an update must wait for.
_OUTAGES = (dramatiq.errors.BrokerConnectionError, redis.RedisError, OSError)


_Answer = TypeVar("_Answer")


class _ShuttingDown(Exception):
    """The process is to end, and nothing is being handled."""


class Poller:
    """One bot's only loop over its updates."""

    def __init__(
        self, telegram: Telegram, shutdown: Shutdown, *, on_turn: Callable[[], None]
    ) -> None:
        """Prepare to poll.

        Args:
            telegram: where the updates come from.
            shutdown: ends the polling, after the updates that are being handled.
            on_turn: called at least as often as a call to Telegram may take.
        """
        self._telegram = telegram
        self._shutdown = shutdown
        self._on_turn = on_turn
        self._calls = _Calls(shutdown)
        self._pause = _SHORTEST
        #: Whether there are handled updates that Telegram may not know to be handled.
        self.unconfirmed = False

    def await_me(self) -> types.User | None:
        """Return the bot's account as soon as Telegram can be reached, None after a shutdown."""
        try:
            while True:
                me = self._ask(self._telegram.me)
                if me is not None:
                    return me
        except _ShuttingDown:
            return None

    def run(
        self,
        reader: UpdateParser,
        receive: Callable[[Request], None],
        flush: Callable[[float], None],
    ) -> None:
        """Poll until the shutdown.

        Args:
            reader: says what an update wants.
            receive: starts what it wants; raises for an outage, and is called again then.
            flush: waits for so many seconds until what was said of a batch is sent.

        Raises:
            TokenRefused: Telegram no longer knows the token.
        """
        offset = 0
        try:
            while True:
                updates = self._ask(partial(self._telegram.updates, offset, _WAIT))
                if updates is None:
                    continue
                self.unconfirmed = bool(updates)
                for update in updates:
                    offset = self._handle(update, reader, receive, offset)
                flush(_SETTLE)
        except _ShuttingDown:
            if self.unconfirmed:
                self._confirm(offset)
                self.unconfirmed = False

    def _confirm(self, offset: int) -> None:
        """Confirm what was handled last, or the next bot would get it again.

        Over servers that would repeat no more than answers to commands, but a bot with its chain
        in its memory no longer knows what it answered.
        """
        deadline = time.monotonic() + _CONFIRM_SECONDS
        while time.monotonic() < deadline:
            try:
                self._telegram.confirm(offset)
            except TryLater as later:
                time.sleep(later.seconds or _SHORTEST)
            except (AnotherPoller, Rejected):
                return
            else:
                return

    def _ask(self, call: Callable[[], _Answer]) -> _Answer | None:
        """Return what a call answers; None, after a pause, when it has to be made again.

        Raises:
            _ShuttingDown: the process is to end.
        """
        self._on_turn()
        try:
            answer = self._calls.make(call)
        except (TryLater, Rejected) as error:
            seconds = getattr(error, "seconds", None) or self._pause
            log.warning("Telegram can't be asked", reason=str(error), next_try_seconds=seconds)
            self._wait(seconds)
            return None
        except AnotherPoller as error:
            log.error(  # noqa: TRY400 - there is nothing to trace
                "another program gets this bot's updates: end it, or take another token",
                reason=str(error),
            )
            self._wait(_CONFLICT)
            return None
        self._pause = _SHORTEST
        return answer

    def _wait(self, seconds: float) -> None:
        self._pause = min(2 * self._pause, _LONGEST)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._on_turn()
            if self._shutdown.wait(min(left, _WAIT)):
                raise _ShuttingDown

    def _handle(
        self, update: Any, reader: UpdateParser, receive: Callable[[Request], None], offset: int
    ) -> int:
        """Handles one update; the offset that confirms it."""
        number = update.get("update_id") if isinstance(update, dict) else None
        if not isinstance(number, int):
            log.error("an update without a number")
            return offset
        try:
            request = reader.read(update)
            while request is not None and not self._receive(request, receive):
                pass
        except _ShuttingDown:
            raise
        except Exception:
            # One that we can't read or handle is not worth the others that wait behind it.
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
        self._pause = _SHORTEST
        return True


class _Calls:
    """Makes calls in a thread of its own, which is left alone with a long one at a shutdown."""

    def __init__(self, shutdown: Shutdown) -> None:
        self._shutdown = shutdown
        self._asked: SimpleQueue[Callable[[], Any]] = SimpleQueue()
        self._answers: SimpleQueue[tuple[Any, BaseException | None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="calls", daemon=True).start()

    def make(self, call: Callable[[], _Answer]) -> _Answer:
        """Return what the call returns, or raise what it raises.

        Raises:
            _ShuttingDown: the process is to end, whatever the call may still do.
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
            except BaseException as error:  # noqa: BLE001 - raised where the call was asked for
                self._answers.put((None, error))
