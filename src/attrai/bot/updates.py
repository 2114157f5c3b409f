"""Parsing of updates into requests: rate a photo, answer a command, or nothing."""

from __future__ import annotations

import re
from typing import Any, Protocol, TypeGuard

from telebot import types
from telebot.util import content_type_service

from attrai.bot.request_types import (
    ButtonRequest,
    CommandRequest,
    File,
    Origin,
    OtherMessage,
    PhotoRequest,
    Replied,
    Request,
)
from attrai.locales import choose_locale
from attrai.telegram import GENERAL_TOPIC

#: How many seconds after a message was sent it may be edited to ask for something: not as long
#: as the ledger knows which photos were answered, or a typo mended later would ask again.
_EDITABLE_SECONDS = 3600
#: The command that asks for a rating, and the media type of an animation that is an image.
_RATE, _GIF = "rate", "image/gif"
_COMMAND = re.compile(r"/(\w+)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)


class Captions(Protocol):
    """Captions by the id of their album."""

    def __setitem__(self, album: str, caption: str, /) -> None: ...

    def get(self, album: str, default: str, /) -> str:
        """Return the caption of an album, or the default if none has come."""


class UpdateParser:
    """Parser of one bot's updates."""

    def __init__(self, me: types.User, max_side: int, captions: Captions) -> None:
        """Create a parser.

        Args:
            me: the bot's account.
            max_side: the length in pixels of the longer side that photos are shrunk to. Of the
                sizes that Telegram offers, the smallest one that is at least as long is chosen.
            captions: those of the albums of which a photo has come.
        """
        self._id = me.id
        self._name = str(me.username).lower()
        self._max_side = max_side
        self._captions = captions

    def parse(self, update: dict[str, Any]) -> Request | None:
        """Return the request in an update, or None if it is not meant for the bot.

        An update that does not follow the Bot API may raise any exception.
        """
        parsed = types.Update.de_json(update)  # type: ignore[no-untyped-call]  # telebot's
        if parsed.callback_query is not None:
            return self._read_press(parsed.callback_query)
        message = _message_in(parsed)
        author = None if message is None else _author_of(message)
        return None if message is None or author is None else self._read_message(message, author)

    def _read_message(self, message: types.Message, author: int) -> Request | None:
        private = message.chat.type == "private"
        user = message.from_user
        origin = Origin(
            message.chat.id,
            message.message_id,
            author,
            choose_locale(user.language_code if user else None),
            topic=_topic_of(message),
        )
        words = self._words(message)
        command = _COMMAND.fullmatch(words)
        if message.text is not None:
            if command:
                return self._read_command(message, origin, command, private=private)
            if self._is_addressed(message) and (request := self._about_another(message, origin)):
                return request._replace(words=words)
        file = self._file_of(message)
        if file and (private or self._is_addressed(message) or self._is_ours(command)):
            if self._is_ours(command):
                words = command[3] or ""
            spoiler = bool(message.has_media_spoiler)
            return PhotoRequest(origin, file, words, message.media_group_id, spoiler=spoiler)
        if private and message.content_type not in content_type_service:
            return OtherMessage(origin, _is_moving(message))
        return None

    def _read_command(
        self, message: types.Message, origin: Origin, command: re.Match[str], *, private: bool
    ) -> Request | None:
        name, addressee, words = command.groups()
        name = name.lower()
        if addressee and addressee.lower() != self._name:
            return None
        origin = origin._replace(fleeting=True)
        if name == _RATE:
            request = self._about_another(message, origin)
            if request:
                return request._replace(words=words or "")
        elif not private and not addressee:
            return None  # in a group it may be meant for any bot
        return CommandRequest(origin, name, words or "", _original_author(message))

    def _read_press(self, press: types.CallbackQuery) -> ButtonRequest:
        user, message = press.from_user, press.message
        locale = choose_locale(user.language_code)
        if not isinstance(message, types.Message):  # too old to be shown to bots, or an inline one
            return ButtonRequest(Origin(0, 0, user.id, locale), press.id, "", None, private=False)
        replied = message.reply_to_message
        return ButtonRequest(
            Origin(message.chat.id, message.message_id, user.id, locale, topic=_topic_of(message)),
            press.id,
            # An app of one's own can send any data, so what the message has is what counts.
            press.data if press.data and press.data in self._button_data(message) else "",
            self._replied(replied) if replied else None,
            private=message.chat.type == "private",
        )

    def _replied(self, message: types.Message) -> Replied:
        spoiler = bool(message.has_media_spoiler)
        return Replied(message.message_id, self._file_of(message), spoiler)

    def _button_data(self, message: types.Message) -> set[str | None]:
        keyboard = message.reply_markup
        if keyboard is None or message.from_user is None or message.from_user.id != self._id:
            return set()
        return {button.callback_data for row in keyboard.inline_keyboard for button in row}

    def _about_another(self, message: types.Message, origin: Origin) -> PhotoRequest | None:
        """Return a request for the photo that a message replies to, which may be elsewhere."""
        replied = message.reply_to_message
        if replied and (file := self._file_of(replied)):
            origin = origin._replace(about=replied.message_id)
            return PhotoRequest(origin, file, "", None, spoiler=bool(replied.has_media_spoiler))
        quoted = message.external_reply
        if quoted and (file := self._file_of(quoted)):
            spoiler = bool(quoted.has_media_spoiler)
            return PhotoRequest(origin, file, "", None, redrawable=False, spoiler=spoiler)
        return None

    def _file_of(self, message: types.Message | types.ExternalReplyInfo) -> File | None:
        """Return what is rated of a message: its photo, or a still picture of what moves."""
        photo = message.photo or (message.live_photo.photo if message.live_photo else None)
        if photo:
            sizes = sorted(photo, key=lambda size: max(size.width, size.height))
            enough = (size for size in sizes if max(size.width, size.height) >= self._max_side)
            return _size(next(enough, sizes[-1]))
        if sticker := message.sticker:
            return None if sticker.is_animated or sticker.is_video else _size(sticker)
        moving = message.animation or message.video_note
        if moving:
            # An animation also has a document. Most are videos, whatever they were made from.
            if message.animation and message.animation.mime_type == _GIF:
                return File(moving.file_id, moving.file_size, mime=_GIF)
            return _size(moving.thumbnail) if moving.thumbnail else None
        if document := message.document:
            return File(document.file_id, document.file_size, mime=document.mime_type)
        return None

    def _words(self, message: types.Message) -> str:
        """Return the text of a message, its caption, or that of its album's first photo."""
        album = message.media_group_id
        if album is None:
            return message.text or message.caption or ""
        if message.caption:
            self._captions[album] = message.caption
            return message.caption
        return self._captions.get(album, "")

    def _is_addressed(self, message: types.Message) -> bool:
        if re.search(rf"@{re.escape(self._name)}\b", self._words(message).lower()):
            return True
        marks = (*(message.entities or ()), *(message.caption_entities or ()))
        return any(mark.user is not None and mark.user.id == self._id for mark in marks)

    def _is_ours(self, command: re.Match[str] | None) -> TypeGuard[re.Match[str]]:
        """Return whether a caption is the command to rate its photo."""
        return (
            command is not None
            and command[1].lower() == _RATE
            and (command[2] or self._name).lower() == self._name
        )


def _message_in(update: types.Update) -> types.Message | None:
    """Return the message in an update that may ask for something."""
    edited = update.edited_message
    if edited is None:
        message: types.Message | None = update.message or update.channel_post
        return message
    # Of what was sent and then edited, only a mention in the caption of a group's photo is new: a
    # photo in a private chat was answered as it came.
    is_new = (
        edited.chat.type != "private"
        and edited.text is None
        and edited.edit_date is not None
        and edited.edit_date - edited.date < _EDITABLE_SECONDS
    )
    return edited if is_new else None


def _author_of(message: types.Message) -> int | None:
    """Return the author's id, or None for another bot.

    Whoever writes on behalf of a chat, as anonymous administrators do, looks like a bot.
    """
    if message.sender_chat is not None:
        return int(message.sender_chat.id)
    user = message.from_user
    return None if user is None or user.is_bot else user.id


def _topic_of(message: types.Message) -> int | None:
    """Return the topic of a forum; a thread elsewhere is only a chain of replies."""
    if message.is_topic_message:
        return message.message_thread_id
    return GENERAL_TOPIC if message.chat.is_forum else None


def _size(picture: types.PhotoSize | types.Sticker) -> File:
    return File(picture.file_id, picture.file_size, picture.width, picture.height)


def _is_moving(message: types.Message) -> bool:
    return bool(message.video or message.video_note or message.animation or message.sticker)


def _original_author(message: types.Message) -> int | None:
    """Return the author of the message of another chat that one replies to, unless they hide it."""
    forwarded, quoted = message.reply_to_message, message.external_reply
    origin = (forwarded and forwarded.forward_origin) or (quoted and quoted.origin)
    match origin:
        case types.MessageOriginUser(sender_user=user) if not user.is_bot:
            return int(user.id)
        case types.MessageOriginChat(sender_chat=chat) | types.MessageOriginChannel(chat=chat):
            return int(chat.id)
        case _:
            return None
