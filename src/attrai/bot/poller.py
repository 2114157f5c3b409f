"""Gets the updates, has each handled, and only then confirms them to Telegram."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import dramatiq
import redis
import structlog
from telebot import types

from attrai.bot.updates import Reader, Request
from attrai.channels import TryLater
from attrai.telegram import AnotherPoller, Rejected, Telegram

log = structlog.get_logger(__name__)

#: Seconds that Telegram may hold a call until there is an update.
_WAIT = 10
#: Seconds between tries when something is out of reach.
_SHORTEST, _LONGEST = 0.5, 20.0
#: How often the last confirmation is tried.
_CONFIRMS = 10
#: Seconds between tries while another program polls: two that trade places do so slowly.
_CONFLICT = 5.0
#: Seconds that a batch waits for what was said about it to be sent.
_SETTLE = 3.0

#: What heals by itself, and what an update must wait for.
_OUTAGES = (dramatiq.errors.BrokerConnectionError, redis.RedisError, OSError)


_Answer = TypeVar("_Answer")


class Stopped(BaseException):
    """The process is to end; nothing is being handled."""


class Poller:
    """One bot's only loop over its updates."""

    def __init__(self, telegram: Telegram, *, on_turn: Callable[[], None]) -> None:
        """A poller that has not begun.

        Args:
            telegram: where the updates come from.
            on_turn: called at least as often as a call to Telegram may take.
        """
        self._telegram = telegram
        self._on_turn = on_turn
        self._stopping = threading.Event()
        self._interruptible = False
        self._pause = _SHORTEST

    def stop(self) -> None:
        """Ends it after the update in hand; for a signal handler of the polling thread.

        Raises:
            Stopped: it can end at once.
        """
        self._stopping.set()
        if self._interruptible:
            raise Stopped

    def await_me(self) -> types.User | None:
        """The bot's account, as soon as Telegram can be reached; none after `stop`."""
        with contextlib.suppress(Stopped):
            while True:
                me = self._ask(self._telegram.me)
                if me is not None:
                    return me
        return None

    def run(
        self,
        reader: Reader,
        receive: Callable[[Request], None],
        settle: Callable[[float], None],
    ) -> None:
        """Polls until `stop`.

        Args:
            reader: says what an update wants.
            receive: starts what it wants; raises for an outage, and is called again then.
            settle: waits for so many seconds until what was said of a batch is sent.

        Raises:
            TokenRefused: Telegram no longer knows the token.
        """
        offset = confirmed = 0
        with contextlib.suppress(Stopped):
            while not self._stopping.is_set():
                updates = self._ask(partial(self._telegram.updates, offset, _WAIT))
                if updates is None:
                    continue
                confirmed = offset
                for update in updates:
                    offset = self._handle(update, reader, receive, offset)
                settle(_SETTLE)
        if offset != confirmed:
            self._confirm(offset)

    def _confirm(self, offset: int) -> None:
        """Confirms what was handled last, or the next bot would get it again.

        Over servers that would repeat no more than answers to commands, but a bot with its chain
        in its memory no longer knows what it answered.
        """
        for _ in range(_CONFIRMS):
            try:
                self._telegram.updates(offset, 1)
            except TryLater as later:
                time.sleep(later.seconds or _SHORTEST)
            except (AnotherPoller, Rejected):
                return
            else:
                return

    def _ask(self, call: Callable[[], _Answer]) -> _Answer | None:
        """What a call answers; nothing, after a pause, when it has to be made again."""
        self._on_turn()
        self._interruptible = True
        try:
            if self._stopping.is_set():
                raise Stopped
            answer = call()
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
        finally:
            self._interruptible = False
        self._pause = _SHORTEST
        return answer

    def _wait(self, seconds: float) -> None:
        self._pause = min(2 * self._pause, _LONGEST)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._on_turn()
            self._stopping.wait(min(left, _WAIT))
            if self._stopping.is_set():
                raise Stopped

    def _handle(
        self, update: Any, reader: Reader, receive: Callable[[Request], None], offset: int
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
