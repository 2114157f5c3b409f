"""Wakes those who wait for photos, by one question at a time for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from attrai.outages import OUTAGES

log = structlog.get_logger(__name__)

#: Seconds between two questions, and after one that failed.
_INTERVAL_SECONDS, _OUTAGE_SECONDS = 0.05, 1.0


class Waiting:
    """Requests that wait until photos are no longer being processed."""

    def __init__(self, unfinished: Callable[[list[str]], Awaitable[set[str]]]) -> None:
        """Prepare to wait.

        Args:
            unfinished: returns those of some photos that are still being processed.
        """
        self._unfinished = unfinished
        self._finished: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, int] = {}
        self._asking: asyncio.Task[None] | None = None
        self._stopped = False

    async def until_finished(self, id_: str, seconds: float) -> None:
        """Return when a photo is no longer being processed, or the seconds are over."""
        if self._stopped:
            return
        finished = self._finished.setdefault(id_, asyncio.Event())
        self._waiting[id_] = self._waiting.get(id_, 0) + 1
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            async with asyncio.timeout(seconds):
                await finished.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting[id_] -= 1
            if not self._waiting[id_]:
                del self._waiting[id_], self._finished[id_]

    def stop(self) -> None:
        """Let nobody wait any longer."""
        self._stopped = True
        for finished in self._finished.values():
            finished.set()

    async def _ask(self) -> None:
        while self._finished:
            pause = _INTERVAL_SECONDS
            ids = list(self._finished)
            try:
                unfinished = await self._unfinished(ids)
            except OUTAGES as error:
                log.warning("out of reach", reason=type(error).__name__)
                pause, unfinished = _OUTAGE_SECONDS, set(ids)
            for id_ in ids:
                if id_ not in unfinished and id_ in self._finished:
                    self._finished[id_].set()
            await asyncio.sleep(pause)
