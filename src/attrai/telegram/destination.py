"""Where a message goes: the chat, its topic, and the message to reply to."""

from __future__ import annotations

from typing import NamedTuple

from telebot import types

#: The topic of a forum that every forum has. Telegram takes its number for chat actions only: a
#: message without a topic goes there.
GENERAL_TOPIC = 1


class Destination(NamedTuple):
    """Where a message goes, as Telegram's ids."""

    chat: int
    #: The message to reply to, if any.
    reply_to: int | None
    #: The topic of a forum; None in a chat without topics.
    topic: int | None = None
    #: Whether the message is sent even if the one that it replies to was deleted.
    even_if_deleted: bool = False

    @property
    def thread(self) -> int | None:
        """The topic as Telegram takes it for messages."""
        return None if self.topic == GENERAL_TOPIC else self.topic

    def reply(self) -> types.ReplyParameters | None:
        """Return the reply as Telegram takes it."""
        if self.reply_to is None:
            return None
        return types.ReplyParameters(
            self.reply_to, allow_sending_without_reply=self.even_if_deleted or None
        )


class Sent(NamedTuple):
    """A message that was sent: its chat, which may be another one than asked for, and its id."""

    chat: int
    message: int
