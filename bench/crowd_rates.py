"""Whether messages reached a sandbox as seldom as Telegram demands, on a machine that is busy."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import defaultdict
from typing import NamedTuple

import requests

from attrai.telegram.limiter import CHAT_INTERVAL_SECONDS, MESSAGES_PER_SECOND
from telegram_sandbox import Sandbox

#: Seconds between two calls of the metronome.
_BEAT = 0.02
#: Seconds before and after a message in which the metronome's calls show how slow the machine was.
_AROUND = 5
#: Methods used by the bot that Telegram rate-limits.
LIMITED = (
    *("sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup"),
    *("editMessageText", "editMessageMedia"),
)


class Metronome:
    """Thread that calls the sandbox at fixed intervals and records how late each answer came.

    The bot's messages may be as late: the sandbox and the bot share this machine.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        #: When each call was due and when its answer came, on the monotonic clock.
        self._beats: list[tuple[float, float]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self._thread.start()

    def _beat(self) -> None:
        due = time.monotonic()
        with requests.Session() as session:
            while not self._ended.wait(due - time.monotonic()):
                session.get(self._url).raise_for_status()
                self._beats.append((due, time.monotonic()))
                due = time.monotonic() + _BEAT

    @property
    def latest(self) -> float:
        """The longest delay of an answer, in seconds."""
        return max(came - due for due, came in self._beats)

    def late_around(self, moment: float) -> float:
        """Return the longest delay of an answer, in seconds, around a moment.

        A single moment is not enough, because the bot's process is delayed at other times than
        this one.
        """
        begin, end = moment - _AROUND, moment + _AROUND
        return max(
            (came - due for due, came in self._beats if came >= begin and due <= end), default=0.0
        )

    def stop(self) -> None:
        """Stop the thread."""
        self._ended.set()
        self._thread.join()


class Rates(NamedTuple):
    """Rates at which messages reached the sandbox."""

    #: Most messages within a second.
    busiest: int
    #: Shortest time between two messages to one chat, in seconds.
    gap: float
    #: Whether both stay within Telegram's limits, allowing for the delay of requests at the time.
    within: bool


def rates(sandbox: Sandbox, metronome: Metronome) -> Rates:
    """Return the rates at which messages arrived, and whether they stayed within the limits."""
    # Messages that were refused with 429 or failed count as well.
    calls = sorted(
        (c for c in sandbox.calls if c.method in LIMITED), key=lambda call: call.received_at
    )
    times = [call.received_at for call in calls for _ in range(call.items)]
    busiest, within = 0, True
    for place, start in enumerate(times):
        count = sum(1 for other in times[place : place + 100] if other - start < 1)
        busiest = max(busiest, count)
        # Even without load messages are up to 0.2 s late.
        late = metronome.late_around(start)
        within &= count < max(30, MESSAGES_PER_SECOND * (1.2 + late) + 1)
    chats: dict[int | None, list[float]] = defaultdict(list)
    for call in calls:
        chats[call.chat_id].append(call.received_at)
    gap = math.inf
    for of_chat in chats.values():
        for earlier, later in itertools.pairwise(of_chat):
            gap = min(gap, later - earlier)
            late = metronome.late_around(later)
            within &= later - earlier >= min(1, CHAT_INTERVAL_SECONDS - late)
    return Rates(busiest, gap, within)
