"""The method getUpdates, with long polling."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from telegram_sandbox.errors import ApiError
from telegram_sandbox.parameters import Parameters
from telegram_sandbox.state import Json, State
from telegram_sandbox.waiting import inbox, wait_for_first

#: The longest timeout of a call in seconds; a longer one is reduced to it.
MAX_TIMEOUT_SECONDS = 50
#: The maximum number of updates in an answer.
MAX_UPDATES = 100


class ClientDisconnected(Exception):
    """The client disconnected before its call was answered."""


class Polling:
    """Long polling for updates, by one poller at a time."""

    def __init__(self, state: State, stopping: asyncio.Event) -> None:
        self._state = state
        self._stopping = stopping
        self._latest_poll = 0

    async def poll(self, parameters: Parameters, request: Request) -> list[Json] | bytes:
        """Return the updates from the offset on as soon as there are any, or an injected body.

        The list is empty if the call's timeout passes first or the server stops.

        Raises:
            ApiError: a newer poller has taken over, there is a webhook, or a parameter is
                malformed.
            ClientDisconnected: the client disconnected.
        """
        limit = min(max(parameters.integer("limit", MAX_UPDATES), 1), MAX_UPDATES)
        timeout = min(max(parameters.integer("timeout", 0), 0), MAX_TIMEOUT_SECONDS)
        allowed = parameters.json("allowed_updates", list, None)
        offset = parameters.integer("offset", 0)
        deadline = asyncio.get_running_loop().time() + timeout
        state = self._state
        with state.lock:
            if allowed is not None:
                state.updates.allow(map(str, allowed))
            state.updates.confirm(offset)
            self._latest_poll += 1
            poll_id = self._latest_poll
            state.emit("update")  # wakes the older poller, which then fails
        with inbox(state, "update") as events:
            while True:
                events.take()
                if poll_id != self._latest_poll:
                    raise ApiError(
                        409,
                        "Conflict: terminated by other getUpdates request;"
                        " make sure that only one bot instance is running",
                    )
                if state.webhook:
                    raise ApiError(
                        409,
                        "Conflict: can't use getUpdates method while webhook is active;"
                        " use deleteWebhook to delete the webhook first",
                    )
                with state.lock:
                    if state.update_bodies:
                        return state.update_bodies.popleft()
                    updates = state.updates.peek(limit)
                left = deadline - asyncio.get_running_loop().time()
                if updates or left <= 0 or self._stopping.is_set():
                    return updates
                if await request.is_disconnected():
                    raise ClientDisconnected
                await wait_for_first(
                    events.wait(), self._stopping.wait(), wait_for_disconnect(request), seconds=left
                )


async def wait_for_disconnect(request: Request) -> None:
    """Wait until the client disconnects; the request's body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
