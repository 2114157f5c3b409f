"""The Bot API's methods that edit messages."""

from __future__ import annotations

from typing import Any

from telegram_sandbox.errors import bad_request
from telegram_sandbox.keyboards import inline_keyboard
from telegram_sandbox.message_methods import MessageMethods, caption_of, text_of
from telegram_sandbox.parameters import Parameters
from telegram_sandbox.state import Json, State

#: The fields of a message that an edit may leave as they are.
_KEPT = ("text", "photo", "document", "caption")


class EditingMethods(MessageMethods):
    """The methods that send, edit and delete messages.

    As in Telegram, an edit without `reply_markup` takes the keyboard away.
    """

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.methods |= {
            "editMessageText": self._edit_message_text,
            "editMessageCaption": self._edit_message_caption,
            "editMessageMedia": self._edit_message_media,
            "editMessageReplyMarkup": self._edit_message_reply_markup,
        }

    def _edit_message_text(self, parameters: Parameters) -> Json:
        text = text_of(parameters)
        with self._state.lock:
            message = self._editable(parameters)
            if "text" not in message:
                raise bad_request("there is no text in the message to edit")
            return self._edit(parameters, message, {"text": text})

    def _edit_message_caption(self, parameters: Parameters) -> Json:
        caption = caption_of(parameters)
        with self._state.lock:
            message = self._editable(parameters)
            if "text" in message:
                raise bad_request("there is no caption in the message to edit")
            return self._edit(parameters, message, {**_content(message, "caption"), **caption})

    def _edit_message_media(self, parameters: Parameters) -> Json:
        media = Parameters(parameters.json("media", dict, {}), parameters.files)
        caption = caption_of(media)
        make = {"photo": self._photo, "document": self._document}.get(media.text("type"))
        if make is None:
            raise bad_request("the sandbox knows only media of the types photo and document")
        given = media.file("media")
        self._editable(parameters)
        content = {media.text("type"): make(given), **caption}
        with self._state.lock:
            return self._edit(parameters, self._editable(parameters), content)

    def _edit_message_reply_markup(self, parameters: Parameters) -> Json:
        with self._state.lock:
            message = self._editable(parameters)
            return self._edit(parameters, message, _content(message), visibly=False)

    def _editable(self, parameters: Parameters) -> Json:
        """Return the message that a call edits.

        Raises:
            ApiError: there is none, or it is somebody else's.
        """
        chat_id = self._check_chat(parameters)
        message = self._state.message(chat_id, parameters.integer("message_id"))
        if message is None:
            raise bad_request("message to edit not found")
        if message["from"] != self._state.bot:
            raise bad_request("message can't be edited")
        return message

    def _edit(
        self, parameters: Parameters, message: Json, content: Json, *, visibly: bool = True
    ) -> Json:
        content = content | inline_keyboard(parameters)
        if content == {**_content(message), **_keyboard(message)}:
            raise bad_request(
                "message is not modified: specified new message content and reply markup are"
                " exactly the same as a current content and reply markup of the message"
            )
        return self._state.edit(message, content, visibly=visibly)


def _content(message: Json, *without: str) -> Json:
    return {key: message[key] for key in _KEPT if key in message and key not in without}


def _keyboard(message: Json) -> dict[str, Any]:
    return {key: message[key] for key in ("reply_markup",) if key in message}
