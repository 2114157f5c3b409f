"""Waiting in an event loop for events from any thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from telegram_sandbox.events import Event
from telegram_sandbox.state import State


class Inbox:
    """A queue of events, in the order in which they happened, for one event loop."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._has_events = asyncio.Event()

    def put(self, event: Event) -> None:
        """Add an event; must be called in the event loop's thread."""
        self._events.append(event)
        self._has_events.set()

    def take(self) -> list[Event]:
        """Remove and return all events."""
        events, self._events = self._events, []
        self._has_events.clear()
        return events

    async def wait(self) -> None:
        """Wait until there are events to take."""
        await self._has_events.wait()


@contextmanager
def inbox(state: State, *names: str, chat: int | None = None) -> Iterator[Inbox]:
    """Yield an inbox that collects the events with these names during the block.

    If a chat is given, only its events and those that concern every chat are collected.
    """
    loop = asyncio.get_running_loop()
    box = Inbox()

    def collect(event: Event) -> None:
        if event.name in names and (None in {chat, event.chat} or event.chat == chat):
            loop.call_soon_threadsafe(box.put, event)

    with state.subscribe(collect):
        yield box


async def wait_for_first(*ways: Coroutine[Any, Any, Any], seconds: float | None = None) -> None:
    """Wait until one of the coroutines ends or `seconds` have passed, and cancel the rest."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
