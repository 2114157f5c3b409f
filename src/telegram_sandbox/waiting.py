"""Waiting in an event loop for what happens in any thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from telegram_sandbox.state import Event, State


class Inbox:
    """Events in the order in which they happened."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._filled = asyncio.Event()

    def put(self, event: Event) -> None:
        """Adds an event; in the loop's thread."""
        self._events.append(event)
        self._filled.set()

    def take(self) -> list[Event]:
        """Empties the inbox."""
        events, self._events = self._events, []
        self._filled.clear()
        return events

    async def filled(self) -> None:
        """Returns as soon as there is something to take."""
        await self._filled.wait()


@contextmanager
def inbox(state: State, *names: str, chat: int | None = None) -> Iterator[Inbox]:
    """Collects the events with these names, of the chat alone if one is given."""
    loop = asyncio.get_running_loop()
    box = Inbox()

    def collect(event: Event) -> None:
        if event.name in names and (None in {chat, event.chat} or event.chat == chat):
            loop.call_soon_threadsafe(box.put, event)

    with state.listening(collect):
        yield box


async def first_of(*ways: Coroutine[Any, Any, Any], seconds: float) -> None:
    """Returns as soon as one of them has returned, or after so many seconds; ends the others."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
