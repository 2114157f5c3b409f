"""Rate limiting of outgoing messages, shared by all replicas through Redis.

Telegram's limits are about 30 messages per second in total, one per second to a chat and 20 per
minute to a group (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
Each item of an album counts as a message.

Time is divided into cells of 1/`MESSAGES_PER_SECOND` seconds, with one message per cell. Each
message books the first free cell that its chat allows. A message that has to wait thus knows for
how long, and the messages of a chat are sent in the order in which they were requested. An album is
sent at once: it books as many cells before and after that time as it has items.
"""

from __future__ import annotations

import time
from importlib.resources import files
from typing import cast

from redis import Redis

from attrai.errors import TryLater
from attrai.ledger import keys
from attrai.telegram.pseudonyms import Pseudonyms

#: Messages per second in total. They are sent up to 0.2 s late, so a second may see a few more.
MESSAGES_PER_SECOND = 22
#: Seconds between two messages to a private chat, and to a group.
CHAT_INTERVAL_SECONDS, GROUP_INTERVAL_SECONDS = 1.1, 3.1
#: Messages per minute to a group.
GROUP_PER_MINUTE = 20
#: How many seconds a worker waits for a send slot by default: putting its job back in the queue
#: costs more than a shorter wait.
DEFAULT_PATIENCE_SECONDS = 0.3


class Limiter:
    """A rate limiter for messages, shared by all processes that use the same Redis."""

    def __init__(
        self, redis: Redis, pseudonyms: Pseudonyms, patience: float = DEFAULT_PATIENCE_SECONDS
    ) -> None:
        """Create a limiter.

        Args:
            redis: the Redis that stores when messages are due.
            pseudonyms: the names of chats in Redis keys.
            patience: the maximum number of seconds that `acquire` sleeps.
        """
        self._pseudonyms = pseudonyms
        self._patience = patience
        folder = files("attrai.telegram")
        self._book, self._hold = (
            redis.register_script(folder.joinpath(f"limiter_{name}.lua").read_text("utf-8"))
            for name in ("book", "hold")
        )

    def acquire(self, chat: int, turn: str | None = None, items: int = 1) -> None:
        """Wait for a slot to send one message, or an album of `items`, to a chat.

        Args:
            chat: the chat's id.
            turn: identifies the message when it asks again later, so that it keeps its place. A
                message without a turn books no slot unless it can be sent now.
            items: the number of messages that are sent at once.

        Raises:
            TryLater: the wait would be longer than `patience`; `seconds` is the wait.
        """
        chat_key = self._key(chat)
        used = [chat_key, chat_key + keys.SENDS_HELD, chat_key + keys.SENDS_SENT, keys.SENDS_CELLS]
        used.append(chat_key + keys.SENDS_MINUTE)
        if turn:
            used.append(keys.SENDS_TURN + turn)
        per_minute = GROUP_PER_MINUTE if chat < 0 else ""
        args = [chat_interval(chat), MESSAGES_PER_SECOND, self._patience, items, per_minute]
        wait = float(cast("bytes", self._book(keys=used, args=args)))
        if wait > self._patience:
            raise TryLater("the rate of messages is used up", wait)
        time.sleep(wait)

    def hold(self, chat: int, seconds: float) -> None:
        """Block messages to a chat for `seconds` seconds, as Telegram asked in a 429."""
        self._hold(keys=[self._key(chat) + keys.SENDS_HELD], args=[seconds])

    def _key(self, chat: int) -> str:
        return keys.SENDS + self._pseudonyms.chat(chat)


def chat_interval(chat: int) -> float:
    """Return the seconds between two messages to a chat. Groups have negative ids."""
    return GROUP_INTERVAL_SECONDS if chat < 0 else CHAT_INTERVAL_SECONDS
