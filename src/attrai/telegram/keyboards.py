"""Inline keyboards: buttons under a message, each with data that comes back when it is pressed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from telebot import types

#: Maximum length of a button's data, in bytes.
MAX_DATA_BYTES = 64


class Button(NamedTuple):
    """A button. Its data starts with the prefix by which `attrai.bot.buttons` finds its handler."""

    label: str
    data: str


#: The rows of buttons, from the top.
Keyboard = Sequence[Sequence[Button]]


def markup(keyboard: Keyboard) -> types.InlineKeyboardMarkup | None:
    """Return a keyboard as pyTelegramBotAPI wants it, None if it has no buttons."""
    rows = [
        [types.InlineKeyboardButton(label, callback_data=data) for label, data in row]
        for row in keyboard
        if row
    ]
    return types.InlineKeyboardMarkup(rows) if rows else None
