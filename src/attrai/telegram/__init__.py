"""Telegram: a Bot API client that never reveals the token, rate limiting, and pseudonyms."""

from attrai.telegram.client import (
    PollingConflict,
    Rejected,
    Telegram,
    TokenRefused,
)
from attrai.telegram.limiter import chat_interval
from attrai.telegram.opening import open_pseudonyms, open_telegram
from attrai.telegram.pseudonyms import Pseudonyms

__all__ = [
    "PollingConflict",
    "Pseudonyms",
    "Rejected",
    "Telegram",
    "TokenRefused",
    "chat_interval",
    "open_pseudonyms",
    "open_telegram",
]
