"""Background sending of messages, so that a slow chat delays no others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import structlog

from attrai.errors import TryLater
from attrai.telegram import Rejected, TokenRefused

log = structlog.get_logger(__name__)

_THREADS = 8
#: Minimum and maximum seconds between attempts.
_RETRY_MIN_SECONDS, _RETRY_MAX_SECONDS = 0.5, 30.0


class BackgroundSender:
    """A thread pool that sends messages. A crash may lose them, as no photo depends on them."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="sender")
        self._pending: set[Future[None]] = set()
        self._closed = threading.Event()
        self._lock = threading.Lock()

    @property
    def pending(self) -> bool:
        """Whether any awaited message is not sent yet."""
        with self._lock:
            return not all(sending.done() for sending in self._pending)

    def post(
        self, send: Callable[[], object], *, max_attempts: int = 1, awaited: bool = True
    ) -> None:
        """Send a message in the background, and retry it while Telegram is unavailable.

        Args:
            send: sends the message.
            max_attempts: the maximum number of attempts.
            awaited: whether a user waits for the message, so that the process should not end
                before it is sent.
        """
        with self._lock:
            self._pending = {sending for sending in self._pending if not sending.done()}
            sending = self._pool.submit(self._try, send, max_attempts)
            if awaited:
                self._pending.add(sending)

    def flush(self, seconds: float) -> None:
        """Wait until all awaited messages are sent, for at most `seconds` seconds."""
        with self._lock:
            pending = set(self._pending)
        wait(pending, timeout=seconds)

    def close(self) -> None:
        """Finish the sends in progress and drop the rest."""
        self._closed.set()
        self._pool.shutdown(cancel_futures=True)

    def _try(self, send: Callable[[], object], max_attempts: int) -> None:
        for left in reversed(range(max_attempts)):
            try:
                send()
            except TryLater as later:
                log.info("not sent", reason=str(later), tries_left=left)
                if left:
                    self._closed.wait(
                        min(max(later.seconds or 0, _RETRY_MIN_SECONDS), _RETRY_MAX_SECONDS)
                    )
                if self._closed.is_set():
                    return
            except Rejected as error:
                log.info("not wanted", reason=str(error))
                return
            except TokenRefused:
                return  # the poller reports this and ends
            except Exception:
                log.exception("not sent")
                return
            else:
                return
