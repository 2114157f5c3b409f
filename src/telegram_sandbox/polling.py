"""getUpdates: hands out updates, and waits for some."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from telegram_sandbox.errors import ApiError
from telegram_sandbox.parameters import Parameters
from telegram_sandbox.state import Json, State
from telegram_sandbox.waiting import first_of, inbox

#: A call waits at most so many seconds, whatever it asks for.
MAX_WAIT = 50
#: An answer has at most so many updates.
MAX_UPDATES = 100


class HungUp(Exception):
    """The client is gone: there is nobody to answer."""


class Polling:
    """Lets one poller at a time wait for updates."""

    def __init__(self, state: State, stopping: asyncio.Event) -> None:
        self._state = state
        self._stopping = stopping
        self._turn = 0

    async def poll(self, parameters: Parameters, request: Request) -> list[Json] | bytes:
        """The updates from the offset on, as soon as there are any; or the injected body.

        Raises:
            ApiError: another poller came.
            HungUp: the client left.
        """
        limit = min(max(parameters.integer("limit", MAX_UPDATES), 1), MAX_UPDATES)
        wait = min(max(parameters.integer("timeout", 0), 0), MAX_WAIT)
        allowed = parameters.json("allowed_updates", list, None)
        offset = parameters.integer("offset", 0)
        deadline = asyncio.get_running_loop().time() + wait
        state = self._state
        with state.lock:
            if allowed is not None:
                state.updates.allow(map(str, allowed))
            state.updates.confirm(offset)
            self._turn += 1
            turn = self._turn
            state.emit("update")  # wakes the older poller
        with inbox(state, "update") as news:
            while True:
                news.take()
                if turn != self._turn:
                    raise ApiError(
                        409,
                        "Conflict: terminated by other getUpdates request;"
                        " make sure that only one bot instance is running",
                    )
                with state.lock:
                    if state.update_bodies:
                        return state.update_bodies.popleft()
                    updates = state.updates.first(limit)
                left = deadline - asyncio.get_running_loop().time()
                if updates or left <= 0 or self._stopping.is_set():
                    return updates
                if await request.is_disconnected():
                    raise HungUp
                await first_of(
                    news.filled(), self._stopping.wait(), disconnect(request), seconds=left
                )


async def disconnect(request: Request) -> None:
    """Returns when the client has left; the request's body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
