"""Keeps all replicas together below the rate at which Telegram begins to refuse messages.

Telegram's limits are about 30 messages a second in all, one a second to a chat and 20 a minute
to a group (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).

Time is cut into cells, one for each message in all. Each message books the first free cell that
its chat allows, so that a message which has to wait knows for how long, and those of a chat go out
in the order in which they asked.
"""

from __future__ import annotations

import time
from typing import cast

from redis import Redis

from attrai.errors import TryLater
from attrai.telegram.pseudonyms import Pseudonyms

#: Messages a second in all. They go out up to 0.2 s late, so some more may fall into one second.
PER_SECOND = 22
#: Seconds between two messages to one person, and to one group.
CHAT_SECONDS, GROUP_SECONDS = 1.1, 3.1
#: Seconds that a worker waits on the spot: handing a job back costs more.
ON_THE_SPOT = 0.3

_BOOK = """
local chat, cells, turn = KEYS[1], KEYS[2], KEYS[3]
local pace, per_second, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local function get(key) return tonumber(redis.call('GET', key) or 0) end
local function set(key, at, kept)
    redis.call('SET', key, string.format('%.6f', at), 'PX', math.ceil((at - now + kept) * 1000))
end
local held, sent = chat .. ':held', chat .. ':sent'
local at = turn and get(turn) or 0
-- A turn is void once Telegram has asked for patience beyond it.
local booked = at > 0 and at >= get(held)
local cell = math.ceil(math.max(now, get(chat), get(held)) * per_second)
local function name(cell) return string.format('%.0f', cell) end
if not booked then
    redis.call('ZREMRANGEBYSCORE', cells, '-inf', (now - 1) * per_second)
    while redis.call('ZSCORE', cells, name(cell)) do cell = cell + 1 end
    at = cell / per_second
end
-- The last one may have gone out later than it was booked.
local go = math.max(now, at, get(sent) + pace)
local postponed = go - now > patience
if turn or not postponed then
    if not booked then
        redis.call('ZADD', cells, cell, name(cell))
        redis.call('EXPIRE', cells, 7200)
        set(chat, at + pace, 1)
    end
    if postponed then
        set(turn, at, 3600)
    else
        set(sent, go, pace)
        if turn then redis.call('DEL', turn) end
    end
end
return tostring(go - now)
"""

_HOLD = """
local time = redis.call('TIME')
local until_ = time[1] + time[2] / 1e6 + ARGV[1]
local held = KEYS[1] .. ':held'
redis.call('SET', held, string.format('%.6f', until_), 'PX', math.ceil(ARGV[1] * 1000))
"""


class Limiter:
    """Says when a message may be sent."""

    def __init__(self, redis: Redis, pseudonyms: Pseudonyms, patience: float = ON_THE_SPOT) -> None:
        """A limiter that shares its limits with all others on this Redis.

        Args:
            redis: where it keeps when messages are due.
            pseudonyms: how it calls chats there.
            patience: how many seconds it waits on the spot.
        """
        self._pseudonyms = pseudonyms
        self._patience = patience
        self._book = redis.register_script(_BOOK)
        self._hold = redis.register_script(_HOLD)

    def acquire(self, chat: int, turn: str | None = None) -> None:
        """Takes leave to send one message to a chat, and waits for it.

        Args:
            chat: its number.
            turn: what names the message when it asks again: it keeps its place among the others.

        Raises:
            TryLater: it would take longer than there is patience.
        """
        keys = [self._key(chat), "attrai:sends:cells"]
        if turn:
            keys.append(f"attrai:sends:turn:{turn}")
        args = [chat_pace(chat), PER_SECOND, self._patience]
        wait = float(cast("bytes", self._book(keys=keys, args=args)))
        if wait > self._patience:
            raise TryLater("the rate of messages is used up", wait)
        time.sleep(wait)

    def hold(self, chat: int, seconds: float) -> None:
        """Nothing more to this chat for so long: Telegram said so."""
        self._hold(keys=[self._key(chat)], args=[seconds])

    def _key(self, chat: int) -> str:
        return f"attrai:sends:{self._pseudonyms.chat(chat)}"


def chat_pace(chat: int) -> float:
    """Seconds between two messages to a chat. Groups have negative numbers."""
    return GROUP_SECONDS if chat < 0 else CHAT_SECONDS
