"""A shutdown request that every thread of a process can check and wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_GRACE_SECONDS = 1.5


class Shutdown:
    """A request to shut the process down.

    It is not made from a signal handler (see `attrai.lifecycle.signals`). Callbacks and waiting
    threads may therefore use locks, and no code is interrupted by an exception.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        #: Seconds that the command may take to exit after the request, once nothing is unfinished.
        self.grace_seconds = 0.0
        #: Returns whether there is work that must be finished, however long it takes.
        self.unfinished: Callable[[], bool] = lambda: False

    def set_grace_period(self, unfinished: Callable[[], bool] = lambda: False) -> None:
        """Give the command time to exit after a shutdown request from now on.

        Until this is called, for example during imports, the process exits at once.

        Args:
            unfinished: returns whether there is work that must be finished, however long it takes.
        """
        self.unfinished = unfinished
        self.grace_seconds = _GRACE_SECONDS

    @property
    def requested(self) -> bool:
        """Whether a shutdown was requested."""
        return self._event.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until a shutdown is requested or `seconds` have passed; return whether it was."""
        return self._event.wait(seconds)

    def request(self) -> None:
        """Request the shutdown: wake all waiting threads and run the callbacks. Idempotent."""
        with self._lock:
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call `callback` once if a shutdown is requested before or during the block."""
        with self._lock:
            self._callbacks.append(callback)
        if self.requested:
            self.request()
        try:
            yield
        finally:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)
