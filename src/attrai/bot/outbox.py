"""Sends in the background, so that a slow chat keeps nobody else waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import structlog

from attrai.channels import TryLater
from attrai.telegram import Rejected, TokenRefused

log = structlog.get_logger(__name__)

_THREADS = 8
#: What is tried again waits at least so many seconds, and at most.
_SHORTEST, _LONGEST = 0.5, 30.0


class Outbox:
    """Messages that no photo depends on: a crash may lose them."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="outbox")
        self._pending: set[Future[None]] = set()
        self._lock = threading.Lock()

    def post(self, send: Callable[[], object], *, tries: int = 1) -> None:
        """Has a message sent soon, and again while Telegram asks for it to be tried later."""
        with self._lock:
            self._pending = {sending for sending in self._pending if not sending.done()}
            self._pending.add(self._pool.submit(_try, send, tries))

    def settle(self, seconds: float) -> None:
        """Waits until all is sent, but no longer than so many seconds."""
        with self._lock:
            pending = set(self._pending)
        wait(pending, timeout=seconds)

    def close(self) -> None:
        """Sends what is being sent, drops the rest."""
        self._pool.shutdown(cancel_futures=True)


def _try(send: Callable[[], object], tries: int) -> None:
    for left in reversed(range(tries)):
        try:
            send()
        except TryLater as later:
            log.info("not sent", reason=str(later), tries_left=left)
            if left:
                time.sleep(min(max(later.seconds or 0, _SHORTEST), _LONGEST))
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
