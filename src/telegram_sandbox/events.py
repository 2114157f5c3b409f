"""Changes of the sandbox's state, of which listeners are told and for which threads wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Event(NamedTuple):
    """A change that listeners are notified of; `chat` is None if it concerns every chat."""

    name: str
    chat: int | None = None
    data: Any = None


class Events:
    """Events, and the lock under which they happen."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._changes = 0
        self._listeners: list[Callable[[Event], None]] = []

    def emit(self, name: str, chat_id: int | None = None, data: Any = None) -> None:
        """Notify listeners of an event, and wake threads in `wait_until`."""
        with self.lock:
            self._changes += 1
            self._changed.notify_all()
            for listener in self._listeners:
                listener(Event(name, chat_id, data))

    @contextmanager
    def subscribe(self, listener: Callable[[Event], None]) -> Iterator[None]:
        """Call `listener` with every event during the block, while holding the lock."""
        with self.lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self.lock:
                self._listeners.remove(listener)

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition holds, and return whether it did within `seconds`.

        The condition is evaluated at once and after every change.
        """
        deadline = time.monotonic() + seconds
        while True:
            changes = self._changes
            # Without the lock, because a condition may spend a long time decoding pictures.
            if condition():
                return True
            with self._changed:
                while changes == self._changes:
                    if not self._changed.wait(max(0, deadline - time.monotonic())):
                        return False
