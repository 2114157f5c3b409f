"""The Bot API's methods that send and delete messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from telegram_sandbox.chats import topic_fields
from telegram_sandbox.errors import ApiError, UnreadablePicture, bad_request
from telegram_sandbox.keyboards import inline_keyboard
from telegram_sandbox.parameters import Parameters, Upload
from telegram_sandbox.state import Json, State

MAX_TEXT = 4096
MAX_CAPTION = 1024
#: The largest picture that sendPhoto takes, in bytes.
MAX_PHOTO = 10 * 2**20
#: The maximum sum of a photo's width and height, in pixels.
MAX_WIDTH_AND_HEIGHT = 10_000
#: The maximum ratio of a photo's longer side to its shorter one.
MAX_RATIO = 20
_ACTION = re.compile(r"typing|choose_sticker|find_location|(upload|record)_[a-z_]+")


class MessageMethods:
    """The methods that send and delete messages."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.methods: dict[str, Callable[[Parameters], Any]] = {
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendDocument": self._send_document,
            "deleteMessage": self._delete_message,
            "deleteMessages": self._delete_messages,
            "sendChatAction": self._send_chat_action,
        }

    def _send_message(self, parameters: Parameters) -> Json:
        return self._post(parameters, {"text": text_of(parameters)})

    def _send_photo(self, parameters: Parameters) -> Json:
        caption = caption_of(parameters)
        given = parameters.file("photo")
        self._check_chat(parameters)
        photo = {"photo": self._photo(given), **spoiler_of(parameters)}
        return self._post(parameters, {**photo, **caption})

    def _send_document(self, parameters: Parameters) -> Json:
        caption = caption_of(parameters)
        given = parameters.file("document")
        self._check_chat(parameters)
        return self._post(parameters, {"document": self._document(given), **caption})

    def _delete_message(self, parameters: Parameters) -> bool:
        chat_id = self._check_chat(parameters)
        if not self._state.delete(chat_id, parameters.integer("message_id")):
            raise bad_request("message to delete not found")
        return True

    def _delete_messages(self, parameters: Parameters) -> bool:
        chat_id = self._check_chat(parameters)
        message_ids = parameters.json("message_ids", list, [])
        if not message_ids or not all(isinstance(message_id, int) for message_id in message_ids):
            raise bad_request("message identifiers are not specified")
        for message_id in message_ids:
            self._state.delete(chat_id, message_id)
        return True

    def _send_chat_action(self, parameters: Parameters) -> bool:
        chat_id = self._check_chat(parameters)
        action = parameters.text("action")
        if not _ACTION.fullmatch(action):
            raise bad_request("wrong parameter action in request")
        topic = parameters.integer("message_thread_id", 0)
        self._state.rules.check_topic(chat_id, topic, is_action=True)
        self._state.emit("action", chat_id, action)
        return True

    def _check_chat(self, parameters: Parameters) -> int:
        """Return the id of the chat that the call names.

        Raises:
            ApiError: there is no such chat, it moved, or its user has blocked the bot.
        """
        if not parameters.text("chat_id"):
            raise bad_request("chat_id is empty")
        try:
            chat_id = int(parameters.text("chat_id"))
        except ValueError:
            raise bad_request("chat not found") from None
        if self._state.chat(chat_id) is None:
            raise bad_request("chat not found")
        self._state.rules.check_moved(chat_id)
        if self._state.has_blocked(chat_id):
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        return chat_id

    def _post(self, parameters: Parameters, content: Json) -> Json:
        reply = Parameters(
            parameters.json("reply_parameters", dict, None)
            or parameters.values | {"message_id": parameters.values.get("reply_to_message_id")}
        )
        reply_to = reply.integer("message_id", 0)
        optional = reply.flag("allow_sending_without_reply")
        content = content | inline_keyboard(parameters)
        with self._state.lock:
            chat_id = self._check_chat(parameters)
            if reply_to and not optional and self._state.message(chat_id, reply_to) is None:
                raise bad_request("message to be replied not found")
            self._state.rules.check_permitted(chat_id, content)
            topic = parameters.integer("message_thread_id", 0)
            self._state.rules.check_topic(chat_id, topic)
            replied = self._state.message(chat_id, reply_to) or {}
            fields = topic_fields(topic or replied.get("message_thread_id"))
            return self._state.post(self._state.bot, chat_id, {**content, **fields}, reply_to)

    def _photo(self, given: Upload | str) -> Any:
        """Return the PhotoSizes of an upload or a file id."""
        return (
            self._by_file_id("photo", given) if isinstance(given, str) else self._new_photo(given)
        )

    def _document(self, given: Upload | str) -> Any:
        """Return the Document of an upload or a file id."""
        if isinstance(given, str):
            return self._by_file_id("document", given)
        if not given.data:
            raise bad_request("file must be non-empty")
        return self._state.media.document(given.data, given.name, given.mime)

    def _new_photo(self, upload: Upload) -> list[Json]:
        if not upload.data:
            raise bad_request("file must be non-empty")
        if len(upload.data) > MAX_PHOTO:
            raise bad_request(
                f"file of size {len(upload.data)} bytes is too big for a photo;"
                f" the maximum size is {MAX_PHOTO} bytes"
            )
        try:
            photo = self._state.media.photo(upload.data)
        except UnreadablePicture as error:
            raise bad_request("IMAGE_PROCESS_FAILED") from error
        with Image.open(BytesIO(upload.data)) as picture:  # already decoded once, so it opens
            width, height = picture.size
        too_narrow = max(width, height) > MAX_RATIO * min(width, height)
        if too_narrow or width + height > MAX_WIDTH_AND_HEIGHT:
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        return photo

    def _by_file_id(self, kind: str, file_id: str) -> Any:
        content = self._state.media.find(kind, file_id)
        if content is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return content


def text_of(parameters: Parameters) -> str:
    """Return the text of a message, without the blanks around it."""
    text = parameters.text("text").strip()
    if not text:
        raise bad_request("message text is empty")
    if len(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return text


def spoiler_of(parameters: Parameters) -> Json:
    """Return the field of a photo that is hidden under a spoiler, if this one is."""
    return {"has_media_spoiler": True} if parameters.flag("has_spoiler") else {}


def caption_of(parameters: Parameters) -> dict[str, str]:
    """Return the caption as a field of a message, or no field if it is empty."""
    caption = parameters.text("caption").strip()
    if len(caption) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return {"caption": caption} if caption else {}
