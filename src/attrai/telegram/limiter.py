"""Rate limiting of outgoing messages, shared by all replicas through Redis.

Telegram's limits are about 30 messages per second in total, one per second to a chat and 20 per
minute to a group (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).

Time is divided into cells of 1/`MESSAGES_PER_SECOND` seconds, with one message per cell. Each
message books the first free cell that its chat allows. A message that has to wait thus knows for
how long, and the messages of a chat are sent in the order in which they were requested.
"""

from __future__ import annotations

import time
from typing import cast

from redis import Redis

from attrai.errors import TryLater
from attrai.telegram.pseudonyms import Pseudonyms

#: Messages per second in total. They are sent up to 0.2 s late, so a second may see a few more.
MESSAGES_PER_SECOND = 22
#: Seconds between two messages to a private chat, and to a group.
CHAT_INTERVAL_SECONDS, GROUP_INTERVAL_SECONDS = 1.1, 3.1
#: Default seconds that a worker waits for a send slot, as putting its job back in the queue costs
#: more.
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
    """A rate limiter for messages, shared by all processes that use the same Redis."""

    def __init__(self, redis: Redis, pseudonyms: Pseudonyms, patience: float = ON_THE_SPOT) -> None:
        """Create a limiter.

        Args:
            redis: the Redis that stores when messages are due.
            pseudonyms: the names of chats in Redis keys.
            patience: the maximum number of seconds that `acquire` sleeps.
        """
        self._pseudonyms = pseudonyms
        self._patience = patience
        self._book = redis.register_script(_BOOK)
        self._hold = redis.register_script(_HOLD)

    def acquire(self, chat: int, turn: str | None = None) -> None:
        """Wait for a slot to send one message to a chat.

        Args:
            chat: the chat's id.
            turn: identifies the message when it asks again later, so that it keeps its place. A
                message without a turn books no slot unless it can be sent now.

        Raises:
            TryLater: the wait would be longer than `patience`; `seconds` is the wait.
        """
        keys = [self._key(chat), "attrai:sends:cells"]
        if turn:
            keys.append(f"attrai:sends:turn:{turn}")
        args = [chat_interval(chat), MESSAGES_PER_SECOND, self._patience]
        wait = float(cast("bytes", self._book(keys=keys, args=args)))
        if wait > self._patience:
            raise TryLater("the rate of messages is used up", wait)
        time.sleep(wait)

    def hold(self, chat: int, seconds: float) -> None:
        """Block messages to a chat for `seconds` seconds, as Telegram asked in a 429."""
        self._hold(keys=[self._key(chat)], args=[seconds])

    def _key(self, chat: int) -> str:
        return f"attrai:sends:{self._pseudonyms.chat(chat)}"


def chat_interval(chat: int) -> float:
    """Return the seconds between two messages to a chat. Groups have negative ids."""
    return GROUP_INTERVAL_SECONDS if chat < 0 else CHAT_INTERVAL_SECONDS
