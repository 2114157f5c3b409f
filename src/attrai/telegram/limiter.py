"""Keeps all replicas together below the rate at which Telegram begins to refuse messages.

Telegram's limits are about 30 messages a second in all, one a second to a chat and 20 a minute
to a group (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
The algorithm is the generic cell rate algorithm (ITU-T I.371): per limit one time in Redis, at
which the next message is due if they come evenly.
"""

from __future__ import annotations

import time
from typing import cast

from redis import Redis

from attrai.channels import TryLater
from attrai.telegram.pseudonyms import Pseudonyms

#: In all: so many a second, and so many at once after a pause. Together below 30.
PER_SECOND, AT_ONCE = 24, 5
#: Seconds between two messages to one person, and to one group.
CHAT_SECONDS, GROUP_SECONDS = 1.05, 3.1
#: Seconds that a worker waits on the spot: handing a job back costs more.
ON_THE_SPOT = 0.2

# A message that may wait keeps its turn under its own key, so that those of a chat go out in the
# order in which they first asked.
_TAKE = """
local chat, all, turn = KEYS[1], KEYS[2], KEYS[3]
local chat_seconds, all_seconds, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local patience = tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local function due(key) return math.max(now, tonumber(redis.call('GET', key) or 0)) end
local function note(key, due, kept)
    redis.call('SET', key, string.format('%.6f', due), 'PX', math.ceil((due - now + kept) * 1000))
end
local held = tonumber(redis.call('GET', chat .. ':held') or 0)
local at = turn and tonumber(redis.call('GET', turn) or 0) or 0
if at <= held then
    at = math.max(due(chat), held)
    if not turn and at - now > patience then return tostring(at - now) end
    note(chat, at + chat_seconds, 0)
    if turn then note(turn, at, 3600) end
end
local wait = math.max(at - now, due(all) - tolerance - now)
if wait > patience then return tostring(wait) end
note(all, math.max(at, due(all)) + all_seconds, 60)
if turn then redis.call('DEL', turn) end
return tostring(wait)
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
        self._take = redis.register_script(_TAKE)
        self._hold = redis.register_script(_HOLD)

    def acquire(self, chat: int, turn: str | None = None) -> None:
        """Takes leave to send one message to a chat, and waits for it.

        Args:
            chat: its number.
            turn: what names the message when it asks again: it keeps its place among the others.

        Raises:
            TryLater: it would take longer than there is patience.
        """
        keys = [self._key(chat), "attrai:sends"]
        if turn:
            keys.append(f"attrai:sends:turn:{turn}")
        args = [chat_pace(chat), 1 / PER_SECOND, (AT_ONCE - 1) / PER_SECOND, self._patience]
        wait = float(cast("bytes", self._take(keys=keys, args=args)))
        if wait > self._patience:
            raise TryLater("the rate of messages is used up", wait)
        time.sleep(max(0.0, wait))

    def hold(self, chat: int, seconds: float) -> None:
        """Nothing more to this chat for so long: Telegram said so."""
        self._hold(keys=[self._key(chat)], args=[seconds])

    def _key(self, chat: int) -> str:
        return f"attrai:sends:{self._pseudonyms.chat(chat)}"


def chat_pace(chat: int) -> float:
    """Seconds between two messages to a chat. Groups have negative numbers."""
    return GROUP_SECONDS if chat < 0 else CHAT_SECONDS
