"""Calls to Telegram that are made again until they succeed, and that no shutdown waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar, cast

import structlog

from attrai.errors import TryLater
from attrai.lifecycle.shutdown import Shutdown
from attrai.telegram import PollingConflict, Rejected

log = structlog.get_logger(__name__)

#: Minimum and maximum seconds between retries during an outage; each retry doubles the delay.
RETRY_MIN_SECONDS, RETRY_MAX_SECONDS = 0.5, 20.0
#: Seconds between retries while another program polls. Two bots that keep displacing each other
#: then do so slowly.
_CONFLICT_RETRY_SECONDS = 5.0
#: Maximum seconds between two heartbeats during a wait.
_HEARTBEAT_SECONDS = 10

_Answer = TypeVar("_Answer")


class ShuttingDown(Exception):
    """A shutdown was requested while no update was being handled."""


class Connection:
    """A way to call Telegram from a main loop, for as long as no shutdown is requested."""

    def __init__(self, shutdown: Shutdown, on_heartbeat: Callable[[], None]) -> None:
        """Prepare to call.

        Args:
            shutdown: ends calls and waits.
            on_heartbeat: called before each call, and at least every 10 seconds during a wait.
        """
        self._shutdown = shutdown
        self._calls = _Calls(shutdown)
        self._pause = RETRY_MIN_SECONDS
        self.on_heartbeat = on_heartbeat

    def until_answered(self, call: Callable[[], _Answer]) -> _Answer:
        """Return the result of a call, repeated until it succeeds.

        Raises:
            ShuttingDown: a shutdown was requested.
        """
        while (answer := self.ask(call)) is None:
            pass
        return answer

    def ask(self, call: Callable[[], _Answer]) -> _Answer | None:
        """Return the result of a call, or wait and return None if it must be retried.

        Raises:
            ShuttingDown: a shutdown was requested.
        """
        self.on_heartbeat()
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
        self.reset()
        return answer

    def wait_for_server(self, error: Exception) -> None:
        """Wait before something is done again that failed with an error of another server.

        Raises:
            ShuttingDown: a shutdown was requested.
        """
        log.warning("out of reach", reason=type(error).__name__, next_try_seconds=self._pause)
        self._wait(self._pause)

    def reset(self) -> None:
        """Begin with the shortest pause after the next error, as something has succeeded."""
        self._pause = RETRY_MIN_SECONDS

    def _wait(self, seconds: float) -> None:
        self._pause = min(2 * self._pause, RETRY_MAX_SECONDS)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.on_heartbeat()
            if self._shutdown.wait(min(left, _HEARTBEAT_SECONDS)):
                raise ShuttingDown


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
            ShuttingDown: a shutdown was requested. The call may still be running.
        """
        if self._shutdown.requested:
            raise ShuttingDown
        with self._shutdown.calling(lambda: self._answers.put(None)):
            self._asked.put(call)
            answered = self._answers.get()
        if answered is None:
            raise ShuttingDown
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
