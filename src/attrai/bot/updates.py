"""Parsing of updates into requests: rate a photo, answer a command, or nothing."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any, NamedTuple

from telebot import types
from telebot.util import content_type_service

from attrai.locales import choose_locale

#: Number of albums whose captions are remembered, as only an album's first photo has the caption.
_ALBUMS = 1000
_COMMAND = re.compile(r"/(\w+)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)


class Origin(NamedTuple):
    """The message to answer, as Telegram's ids, and the locale of its author."""

    chat: int
    message: int
    user: int
    locale: str


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


class CommandRequest(NamedTuple):
    """A command such as `help`, without the slash."""

    origin: Origin
    name: str
    #: The text after the command.
    words: str = ""
    #: Who wrote the forwarded message that the command replies to, if Telegram says so.
    author: int | None = None


class OtherMessage(NamedTuple):
    """Any other message in a private chat with the bot."""

    origin: Origin


class Replied(NamedTuple):
    """A message that another one replies to, and its file if it has one that can be rated."""

    message: int
    file: File | None


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


class UpdateParser:
    """Parser of one bot's updates. It must see them in order, to know the captions of albums."""

    def __init__(self, me: types.User, max_side: int) -> None:
        """Create a parser.

        Args:
            me: the bot's account.
            max_side: the length in pixels of the longer side that photos are shrunk to. Of the
                sizes that Telegram offers, the smallest one that is at least as long is chosen.
        """
        self._id = me.id
        self._name = str(me.username).lower()
        self._max_side = max_side
        self._captions: OrderedDict[str, str] = OrderedDict()

    def parse(self, update: dict[str, Any]) -> Request | None:
        """Return the request in an update, or None if it is not meant for the bot.

        An update that does not follow the Bot API may raise any exception.
        """
        parsed = types.Update.de_json(update)  # type: ignore[no-untyped-call]  # telebot's
        if parsed.callback_query is not None:
            return self._read_press(parsed.callback_query)
        message = parsed.message
        if message is None or message.from_user is None or message.from_user.is_bot:
            return None
        private = message.chat.type == "private"
        origin = Origin(
            message.chat.id,
            message.message_id,
            message.from_user.id,
            choose_locale(message.from_user.language_code),
        )
        command = _COMMAND.fullmatch(message.text or "")
        if command:
            return self._read_command(message, origin, command, private=private)
        file = self._file_of(message)
        words = self._words(message)
        if file and (private or self._is_addressed(words)):
            return PhotoRequest(origin, file, words, message.media_group_id)
        if private and message.content_type not in content_type_service:
            return OtherMessage(origin)
        return None

    def _read_command(
        self, message: types.Message, origin: Origin, command: re.Match[str], *, private: bool
    ) -> Request | None:
        name, addressee, words = command.groups()
        if addressee and addressee.lower() != self._name:
            return None
        if name == "rate":
            replied = message.reply_to_message
            file = self._file_of(replied) if replied else None
            if file:
                return PhotoRequest(origin, file, words or "", None, redrawable=False)
        elif not private and not addressee:
            return None  # in a group it may be meant for any bot
        return CommandRequest(origin, name, words or "", _author(message.reply_to_message))

    def _read_press(self, press: types.CallbackQuery) -> ButtonRequest:
        user, message = press.from_user, press.message
        locale = choose_locale(user.language_code)
        if not isinstance(message, types.Message):  # too old to be shown to bots, or an inline one
            return ButtonRequest(Origin(0, 0, user.id, locale), press.id, "", None, private=False)
        replied = message.reply_to_message
        return ButtonRequest(
            Origin(message.chat.id, message.message_id, user.id, locale),
            press.id,
            # An app of one's own can send any data, so what the message has is what counts.
            press.data if press.data and press.data in self._button_data(message) else "",
            Replied(replied.message_id, self._file_of(replied)) if replied else None,
            private=message.chat.type == "private",
        )

    def _button_data(self, message: types.Message) -> set[str | None]:
        keyboard = message.reply_markup
        if keyboard is None or message.from_user is None or message.from_user.id != self._id:
            return set()
        return {button.callback_data for row in keyboard.inline_keyboard for button in row}

    def _file_of(self, message: types.Message) -> File | None:
        if message.photo:
            sizes = sorted(message.photo, key=lambda size: max(size.width, size.height))
            enough = (size for size in sizes if max(size.width, size.height) >= self._max_side)
            best = next(enough, sizes[-1])
            return File(best.file_id, best.file_size, best.width, best.height)
        # An animation also has a document.
        if message.document and not message.animation:
            document = message.document
            return File(document.file_id, document.file_size, mime=document.mime_type)
        return None

    def _words(self, message: types.Message) -> str:
        """Return the caption of a message, or of its album, where only the first photo has it."""
        album = message.media_group_id
        if album is None:
            return message.caption or ""
        if message.caption:
            self._captions[album] = message.caption
            while len(self._captions) > _ALBUMS:
                self._captions.popitem(last=False)
        return self._captions.get(album, "")

    def _is_addressed(self, words: str) -> bool:
        return re.search(rf"@{re.escape(self._name)}\b", words.lower()) is not None


def _author(message: types.Message | None) -> int | None:
    """Return the id of the person who wrote a forwarded message, unless they hide it."""
    origin = message.forward_origin if message else None
    if not isinstance(origin, types.MessageOriginUser) or origin.sender_user.is_bot:
        return None
    return origin.sender_user.id
