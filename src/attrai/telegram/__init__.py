"""Telegram: a Bot API client that never reveals the token, rate limiting, pseudonyms and seals."""

from attrai.telegram.client import Telegram
from attrai.telegram.destination import GENERAL_TOPIC, Destination, Sent
from attrai.telegram.errors import (
    ContentRefused,
    NotPermitted,
    PollingConflict,
    Rejected,
    TokenRefused,
)
from attrai.telegram.keyboards import Button, Keyboard
from attrai.telegram.limiter import chat_interval
from attrai.telegram.opening import open_pseudonyms, open_seal, open_telegram
from attrai.telegram.profile import DESCRIPTIONS, Description, MenuScope
from attrai.telegram.pseudonyms import Pseudonyms
from attrai.telegram.seal import Seal, SealBroken

__all__ = [
    "DESCRIPTIONS",
    "GENERAL_TOPIC",
    "Button",
    "ContentRefused",
    "Description",
    "Destination",
    "Keyboard",
    "MenuScope",
    "NotPermitted",
    "PollingConflict",
    "Pseudonyms",
    "Rejected",
    "Seal",
    "SealBroken",
    "Sent",
    "Telegram",
    "TokenRefused",
    "chat_interval",
    "open_pseudonyms",
    "open_seal",
    "open_telegram",
]
