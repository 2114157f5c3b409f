"""Inline keyboards: which of them the Bot API accepts, and what becomes of a press."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from telegram_sandbox.errors import bad_request
from telegram_sandbox.parameters import Parameters

#: Limits of the Bot API: bytes of a button's data, buttons in a row and in a keyboard.
MAX_DATA, MAX_ROW, MAX_BUTTONS = 64, 8, 100
_LINKS = {"http", "https", "tg"}


class Button(NamedTuple):
    """A button under a message."""

    text: str
    #: What the bot gets when the button is pressed, or "" for a link.
    data: str


class CallbackAnswer(NamedTuple):
    """The bot's answer to a press, which the app shows for some seconds or as an alert."""

    text: str
    alert: bool


class Press(NamedTuple):
    """A press of a button."""

    user: int
    #: None until the bot answers.
    answer: CallbackAnswer | None


def inline_keyboard(parameters: Parameters) -> dict[str, Any]:
    """Return the `reply_markup` of a call as a field of a message, or no field without buttons.

    Raises:
        ApiError: it is malformed, or another kind of keyboard, which the chat page can't show.
    """
    markup = parameters.json("reply_markup", dict, {})
    if not markup:
        return {}
    rows = markup.get("inline_keyboard")
    if not isinstance(rows, list):
        raise bad_request("the sandbox knows only inline keyboards")
    if not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse inline keyboard: expected an Array of Arrays of buttons")
    keyboard = [[_checked(button) for button in row] for row in rows if row]
    if max(map(len, keyboard), default=0) > MAX_ROW or sum(map(len, keyboard)) > MAX_BUTTONS:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return {"reply_markup": {"inline_keyboard": keyboard}} if keyboard else {}


def _checked(button: Any) -> dict[str, str]:
    if not isinstance(button, dict) or not str(button.get("text", "")).strip():
        raise bad_request('can\'t parse inline keyboard button: field "text" is required')
    text = str(button["text"])
    if "url" in button:
        if urlsplit(str(button["url"])).scheme not in _LINKS:
            raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid")
        return {"text": text, "url": str(button["url"])}
    if "callback_data" not in button:
        raise bad_request("the sandbox knows only buttons with callback_data or url")
    data = str(button["callback_data"])
    if not 1 <= len(data.encode("utf-8", "surrogatepass")) <= MAX_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    return {"text": text, "callback_data": data}


def buttons_of(message: dict[str, Any]) -> list[list[Button]]:
    """Return the rows of buttons under a message."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [
        [Button(button["text"], button.get("callback_data", "")) for button in row] for row in rows
    ]
