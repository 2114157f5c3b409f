"""The request to end, which every thread of a process can look at and wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_GRACE_SECONDS = 1.5


class Shutdown:
    """A request to end the process.

    No signal handler makes it (see `attrai.lifecycle.signals`): callbacks and waiting threads may
    use locks, and nothing is ever raised in the middle of anything.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        #: How long the command may take to end by itself once it was asked to and has nothing
        #: unfinished any more.
        self.grace_seconds = 0.0
        #: Tells whether something is left that must be finished, however long it takes.
        self.unfinished: Callable[[], bool] = lambda: False

    def be_graceful(self, unfinished: Callable[[], bool] = lambda: False) -> None:
        """Give the command time to end by itself from now on.

        Until this is called, as while imports run, the process ends at once.

        Args:
            unfinished: tells whether something is left that must be finished, however long that
                takes.
        """
        self.unfinished = unfinished
        self.grace_seconds = _GRACE_SECONDS

    @property
    def requested(self) -> bool:
        """Whether the process is to end."""
        return self._event.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until the request comes, at most `seconds`; return whether it came."""
        return self._event.wait(seconds)

    def request(self) -> None:
        """Wake everybody who waits. May be called again, which changes nothing."""
        with self._lock:
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call `callback` once when the request comes during the block, or came before it."""
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
