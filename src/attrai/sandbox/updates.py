"""The updates that wait for a bot."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any


class Updates:
    """A queue from which an update goes when a higher offset is asked for."""

    def __init__(self) -> None:
        self._waiting: deque[dict[str, Any]] = deque()
        self._last_id = 0
        self._allowed: frozenset[str] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def allow(self, kinds: Iterable[str]) -> None:
        """From now on other kinds are not queued; none given means all."""
        self._allowed = frozenset(kinds) or None

    def allows(self, kind: str) -> bool:
        """Whether the bot wants updates of that kind."""
        return self._allowed is None or kind in self._allowed

    def add(self, fields: dict[str, Any]) -> None:
        """Queues an update of whatever kind."""
        self._last_id += 1
        self._waiting.append({"update_id": self._last_id, **fields})

    def confirm(self, offset: int) -> None:
        """Forgets the updates below the offset."""
        while self._waiting and self._waiting[0]["update_id"] < offset:
            self._waiting.popleft()

    def first(self, most: int) -> list[dict[str, Any]]:
        """The oldest updates."""
        return [self._waiting[i] for i in range(min(most, len(self._waiting)))]

    def clear(self) -> None:
        """Forgets all updates."""
        self._waiting.clear()
