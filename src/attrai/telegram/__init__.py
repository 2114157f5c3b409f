"""Telegram's Bot API as the rest of attrai uses it, behind names that never show the token."""

from attrai.telegram.client import (
    AnotherPoller,
    Rejected,
    Telegram,
    TokenRefused,
    open_pseudonyms,
    open_telegram,
)
from attrai.telegram.limiter import chat_pace
from attrai.telegram.pseudonyms import Pseudonyms

__all__ = [
    "AnotherPoller",
    "Pseudonyms",
    "Rejected",
    "Telegram",
    "TokenRefused",
    "chat_pace",
    "open_pseudonyms",
    "open_telegram",
]
