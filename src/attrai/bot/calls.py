"""Threads that make calls later; the standard library's executors only make them at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count


class TimedCalls:
    """A few threads that make calls, each at its time."""

    def __init__(self, threads: int) -> None:
        """Start the threads."""
        self._changed = threading.Condition()
        #: A heap of calls by their monotonic times, and in the order of `add`.
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"sender-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, call: Callable[[], None], delay: float = 0) -> None:
        """Make a call in `delay` seconds."""
        with self._changed:
            heappush(self._calls, (time.monotonic() + delay, next(self._numbers), call))
            self._changed.notify()

    def close(self) -> None:
        """Finish the calls in progress and drop the rest."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (call := self._next()) is not None:
            call()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closed:
                wait = self._calls[0][0] - time.monotonic() if self._calls else None
                if wait is not None and wait <= 0:
                    call = heappop(self._calls)[2]
                    if self._calls:
                        self._changed.notify()  # this thread may have been the one to wait for it
                    return call
                self._changed.wait(wait)
        return None
