"""From the settings to a client of the Bot API."""

from __future__ import annotations

import structlog
from redis import Redis

from attrai.channels import TryLater
from attrai.errors import SettingsError
from attrai.settings import Settings
from attrai.telegram.api import Telegram, TokenRefused
from attrai.telegram.limiter import ON_THE_SPOT, Limiter
from attrai.telegram.pseudonyms import Pseudonyms

log = structlog.get_logger(__name__)

_VARIABLE = "ATTRAI_TELEGRAM_TOKEN"


def open_pseudonyms(settings: Settings) -> Pseudonyms:
    """The names that stand for people and chats.

    Raises:
        SettingsError: there is no token to make them with.
    """
    return Pseudonyms(_token(settings))


def open_telegram(settings: Settings, redis: Redis, patience: float = ON_THE_SPOT) -> Telegram:
    """A client whose token was tried, unless Telegram can't be reached now.

    Args:
        settings: name the server and hold the token.
        redis: where all replicas share their limits.
        patience: how many seconds a call may wait for the limits.

    Raises:
        SettingsError: there is no token, or Telegram refuses it.
    """
    limiter = Limiter(redis, open_pseudonyms(settings), patience)
    try:
        telegram = Telegram(_token(settings), settings.telegram_api_url, limiter)
        telegram.me()
    except TokenRefused:
        raise SettingsError(
            f"{_VARIABLE}: {settings.telegram_api_url} refuses this token"
        ) from None
    except TryLater as later:
        log.warning("Telegram can't be reached yet", reason=str(later))
    return telegram


def _token(settings: Settings) -> str:
    if settings.telegram_token is None:
        raise SettingsError(f"{_VARIABLE} is not set; @BotFather gives one")
    return settings.telegram_token.get_secret_value()
