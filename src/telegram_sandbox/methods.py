"""The Bot API's methods, except getUpdates."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from telegram_sandbox.errors import ApiError, UnreadablePicture, bad_request
from telegram_sandbox.parameters import Parameters, Upload
from telegram_sandbox.state import Json, State

#: The largest file that a bot may download, in bytes.
MAX_DOWNLOAD = 20 * 2**20
MAX_COMMANDS = 100
MAX_DESCRIPTION = 256
#: Parameters that are refused rather than ignored, because the chat page can't show their effect.
_UNSUPPORTED = ("parse_mode", "reply_markup")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")


class BotMethods:
    """The implementation of the Bot API's methods, by name."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._methods: dict[str, Callable[[Parameters], Any]] = {
            **MessageMethods(state).methods,
            "getMe": self._get_me,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "setMyCommands": self._set_my_commands,
            "getMyCommands": self._get_my_commands,
            "setMyDescription": _accept,
            "setMyShortDescription": _accept,
            "answerCallbackQuery": _accept,
            "getFile": self._get_file,
        }
        self.names = frozenset(self._methods)

    def call(self, method: str, parameters: Parameters) -> Any:
        """Carry out a method call and return its result.

        Raises:
            ApiError: a parameter is not supported, or the call fails as it would at Telegram.
        """
        for name in _UNSUPPORTED:
            if parameters.text(name):
                raise bad_request(f"the sandbox does not know {name}")
        return self._methods[method](parameters)

    def _get_me(self, _: Parameters) -> Json:
        return self._state.bot | {
            "can_join_groups": True,
            "can_read_all_group_messages": True,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def _set_webhook(self, parameters: Parameters) -> bool:
        return self._change_webhook(parameters, parameters.text("url"))

    def _delete_webhook(self, parameters: Parameters) -> bool:
        return self._change_webhook(parameters, "")

    def _change_webhook(self, parameters: Parameters, url: str) -> bool:
        with self._state.lock:
            self._state.webhook_url = url
            if parameters.flag("drop_pending_updates"):
                self._state.updates.clear()
            self._state.emit("update")  # ends a poll, which a webhook excludes
        return True

    def _get_webhook_info(self, _: Parameters) -> Json:
        return {
            "url": self._state.webhook_url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._state.updates),
        }

    def _set_my_commands(self, parameters: Parameters) -> bool:
        given = parameters.json("commands", list, [])
        if not all(isinstance(command, dict) for command in given):
            raise bad_request("can't parse commands JSON object")
        commands = [
            {key: str(command.get(key, "")) for key in ("command", "description")}
            for command in given
        ]
        if len(commands) > MAX_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not _COMMAND.fullmatch(command["command"]):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= MAX_DESCRIPTION:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        with self._state.lock:
            self._state.commands.set(commands, *_audience(parameters))
            self._state.emit("commands")
        return True

    def _get_my_commands(self, parameters: Parameters) -> list[dict[str, str]]:
        return self._state.commands.get(*_audience(parameters))

    def _get_file(self, parameters: Parameters) -> Json:
        file = self._state.files.get(parameters.text("file_id"))
        if file is None:
            raise bad_request("invalid file_id")
        if len(file.data) > MAX_DOWNLOAD:
            raise bad_request("file is too big")
        return {
            "file_id": file.id,
            "file_unique_id": file.unique_id,
            "file_size": len(file.data),
            "file_path": file.path,
        }


def _accept(_: Parameters) -> bool:
    return True


def _audience(parameters: Parameters) -> tuple[Json, str]:
    scope = parameters.json("scope", dict, {"type": "default"})
    return scope, parameters.text("language_code")


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
    """The methods that send, edit and delete messages."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.methods: dict[str, Callable[[Parameters], Any]] = {
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendDocument": self._send_document,
            "editMessageText": self._edit_message_text,
            "deleteMessage": self._delete_message,
            "deleteMessages": self._delete_messages,
            "sendChatAction": self._send_chat_action,
        }

    def _send_message(self, parameters: Parameters) -> Json:
        return self._post(parameters, {"text": _text(parameters)})

    def _send_photo(self, parameters: Parameters) -> Json:
        caption = _caption(parameters)
        given = parameters.file("photo")
        self._check_chat(parameters)
        photo = (
            self._by_file_id("photo", given) if isinstance(given, str) else self._new_photo(given)
        )
        return self._post(parameters, {"photo": photo, **caption})

    def _send_document(self, parameters: Parameters) -> Json:
        caption = _caption(parameters)
        given = parameters.file("document")
        self._check_chat(parameters)
        if isinstance(given, str):
            document = self._by_file_id("document", given)
        elif not given.data:
            raise bad_request("file must be non-empty")
        else:
            document = self._state.media.document(given.data, given.name, given.mime)
        return self._post(parameters, {"document": document, **caption})

    def _edit_message_text(self, parameters: Parameters) -> Json:
        text = _text(parameters)
        with self._state.lock:
            chat_id = self._check_chat(parameters)
            message = self._state.message(chat_id, parameters.integer("message_id"))
            if message is None:
                raise bad_request("message to edit not found")
            if message["from"] != self._state.bot:
                raise bad_request("message can't be edited")
            if "text" not in message:
                raise bad_request("there is no text in the message to edit")
            if message["text"] == text:
                raise bad_request(
                    "message is not modified: specified new message content and reply markup are"
                    " exactly the same as a current content and reply markup of the message"
                )
            return self._state.edit(message, text)

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
        self._state.emit("action", chat_id, action)
        return True

    def _check_chat(self, parameters: Parameters) -> int:
        """Return the id of the chat that the call names.

        Raises:
            ApiError: there is no such chat, or its user has blocked the bot.
        """
        if not parameters.text("chat_id"):
            raise bad_request("chat_id is empty")
        try:
            chat_id = int(parameters.text("chat_id"))
        except ValueError:
            raise bad_request("chat not found") from None
        if self._state.chat(chat_id) is None:
            raise bad_request("chat not found")
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
        with self._state.lock:
            chat_id = self._check_chat(parameters)
            if reply_to and not optional and self._state.message(chat_id, reply_to) is None:
                raise bad_request("message to be replied not found")
            return self._state.post(self._state.bot, chat_id, content, reply_to)

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


def _text(parameters: Parameters) -> str:
    text = parameters.text("text").strip()
    if not text:
        raise bad_request("message text is empty")
    if len(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return text


def _caption(parameters: Parameters) -> dict[str, str]:
    caption = parameters.text("caption").strip()
    if len(caption) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return {"caption": caption} if caption else {}
