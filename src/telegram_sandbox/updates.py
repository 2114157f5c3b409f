"""The updates that wait for the bot."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any


class Updates:
    """A queue that keeps each update until a higher offset confirms it, or its webhook does."""

    def __init__(self) -> None:
        self._waiting: deque[dict[str, Any]] = deque()
        self._last_id = 0
        self._allowed: frozenset[str] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def allow(self, kinds: Iterable[str]) -> None:
        """Set the kinds of updates that the bot wants; no kinds means all."""
        self._allowed = frozenset(kinds) or None

    @property
    def allowed(self) -> list[str]:
        """The kinds of updates that the bot wants; none means all."""
        return sorted(self._allowed or ())

    def allows(self, kind: str) -> bool:
        """Return whether the bot wants updates of this kind."""
        return self._allowed is None or kind in self._allowed

    def add(self, fields: dict[str, Any]) -> None:
        """Queue an update of any kind under the next id."""
        self._last_id += 1
        self._waiting.append({"update_id": self._last_id, **fields})

    def confirm(self, offset: int) -> None:
        """Remove the updates whose id is below the offset."""
        while self._waiting and self._waiting[0]["update_id"] < offset:
            self._waiting.popleft()

    def remove(self, update_id: int) -> None:
        """Remove one update, if it still waits."""
        self._waiting = deque(each for each in self._waiting if each["update_id"] != update_id)

    def peek(self, limit: int) -> list[dict[str, Any]]:
        """Return up to `limit` updates, oldest first."""
        return [self._waiting[i] for i in range(min(limit, len(self._waiting)))]

    def clear(self) -> None:
        """Remove all updates."""
        self._waiting.clear()
