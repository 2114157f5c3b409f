"""Sends in the background, so that a slow chat keeps nobody else waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import structlog

from attrai.errors import TryLater
from attrai.telegram import Rejected, TokenRefused

log = structlog.get_logger(__name__)

_THREADS = 8
#: What is tried again waits at least so many seconds, and at most.
_SHORTEST, _LONGEST = 0.5, 30.0


class BackgroundSender:
    """Messages that no photo depends on: a crash may lose them."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="sender")
        self._pending: set[Future[None]] = set()
        self._closed = threading.Event()
        self._lock = threading.Lock()

    @property
    def pending(self) -> bool:
        """Whether a message is still to be sent that somebody waits for."""
        with self._lock:
            return not all(sending.done() for sending in self._pending)

    def post(self, send: Callable[[], object], *, tries: int = 1, awaited: bool = True) -> None:
        """Send a message soon, and again while Telegram asks for it to be tried later.

        Args:
            send: sends it.
            tries: how often at most.
            awaited: whether somebody waits for it, so that the process may not end before.
        """
        with self._lock:
            self._pending = {sending for sending in self._pending if not sending.done()}
            sending = self._pool.submit(self._try, send, tries)
            if awaited:
                self._pending.add(sending)

    def flush(self, seconds: float) -> None:
        """Wait until all that is awaited is sent, but no longer than `seconds`."""
        with self._lock:
            pending = set(self._pending)
        wait(pending, timeout=seconds)

    def close(self) -> None:
        """Send what is being sent, and drop the rest."""
        self._closed.set()
        self._pool.shutdown(cancel_futures=True)

    def _try(self, send: Callable[[], object], tries: int) -> None:
        for left in reversed(range(tries)):
            try:
                send()
            except TryLater as later:
                log.info("not sent", reason=str(later), tries_left=left)
                if left:
                    self._closed.wait(min(max(later.seconds or 0, _SHORTEST), _LONGEST))
                if self._closed.is_set():
                    return
            except Rejected as error:
                log.info("not wanted", reason=str(error))
                return
            except TokenRefused:
                return  # the poller says so and ends
            except Exception:
                log.exception("not sent")
                return
            else:
                return
