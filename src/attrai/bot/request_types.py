"""The kinds of requests that the bot handles, without anything else of Telegram's updates."""

from __future__ import annotations

from typing import NamedTuple

from attrai.telegram import Destination


class Origin(NamedTuple):
    """The message that asks, as Telegram's ids, and the locale of its author."""

    chat: int
    message: int
    #: The author: a user, or the chat on behalf of which they wrote.
    user: int
    locale: str
    #: The photo in the same chat that the message is about, if that is another message: the answer
    #: replies to it, whatever becomes of this one.
    about: int | None = None
    #: The topic of a forum; None in a chat without topics.
    topic: int | None = None
    #: Whether this is a command, which may be deleted as soon as it is read.
    fleeting: bool = False

    @property
    def destination(self) -> Destination:
        """Where the answer goes."""
        reply_to = self.message if self.about is None else self.about
        return Destination(self.chat, reply_to, self.topic, self.about is None and self.fleeting)


class File(NamedTuple):
    """Telegram's metadata of a file. Any of it may be wrong or missing."""

    id: str
    bytes: int | None
    width: int | None = None
    height: int | None = None
    mime: str | None = None


class PhotoRequest(NamedTuple):
    """A request to rate a photo."""

    origin: Origin
    file: File
    #: The caption, or the text after the command.
    words: str
    album: str | None
    #: Whether the message to answer holds the photo itself, from which it can be drawn again.
    redrawable: bool = True
    #: Whether the photo is hidden under a spoiler.
    spoiler: bool = False


class CommandRequest(NamedTuple):
    """A command such as `help`, without the slash."""

    origin: Origin
    name: str
    #: The text after the command.
    words: str = ""
    #: Who wrote the message of another chat that the command replies to, forwarded or there, if
    #: Telegram says so: a user, or the chat on behalf of which they wrote.
    author: int | None = None


class OtherMessage(NamedTuple):
    """Any other message in a private chat with the bot."""

    origin: Origin
    #: Whether it is a video or the like.
    moving: bool = False


class Replied(NamedTuple):
    """A message that another one replies to, and its file if it has one that can be rated."""

    message: int
    file: File | None
    #: Whether it is hidden under a spoiler.
    spoiler: bool = False


class ButtonRequest(NamedTuple):
    """A press of a button under one of the bot's messages."""

    #: The message with the button; the user and the locale are those of whoever pressed it.
    origin: Origin
    #: Telegram's id of the press, by which it is answered.
    query: str
    #: The data of the button; empty if the message has no such button, or no longer.
    data: str
    #: What the message with the button replies to, if that still exists.
    replied: Replied | None
    #: Whether the chat is a private one.
    private: bool


MessageRequest = PhotoRequest | CommandRequest | OtherMessage
Request = MessageRequest | ButtonRequest
