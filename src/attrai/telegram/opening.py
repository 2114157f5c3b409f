"""Open what talks to Telegram from the settings, or say in one line what is wrong with them."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from urllib.parse import urlsplit

import requests
import structlog
from redis import Redis

from attrai.errors import SettingsError, TryLater
from attrai.settings import Settings
from attrai.telegram.client import Telegram
from attrai.telegram.errors import Rejected, TokenRefused
from attrai.telegram.limiter import DEFAULT_PATIENCE_SECONDS, Limiter
from attrai.telegram.pseudonyms import Pseudonyms
from attrai.telegram.seal import Seal
from attrai.telegram.webhooks import webhook_secret

log = structlog.get_logger(__name__)

_VARIABLE = "ATTRAI_TELEGRAM_TOKEN"
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
#: The schemes of proxies that requests knows, and those of them that need PySocks.
_PROXIES = {"http", "https"}
_SOCKS_PROXIES = {"socks4", "socks4a", "socks5", "socks5h"}


def open_pseudonyms(settings: Settings) -> Pseudonyms:
    """Create the pseudonyms that are keyed by the bot's token.

    Raises:
        SettingsError: the token is not set, or malformed.
    """
    return Pseudonyms(_token(settings))


def open_seal(settings: Settings) -> Seal:
    """Create the seal that is keyed by the bot's token.

    Raises:
        SettingsError: the token is not set, or malformed.
    """
    return Seal(_token(settings))


def open_webhook_secret(settings: Settings) -> str:
    """Return the secret with which Telegram authenticates itself to the bot's webhook.

    Raises:
        SettingsError: the token is not set, or malformed.
    """
    return webhook_secret(_token(settings))


def open_telegram(
    settings: Settings, redis: Redis, patience: float = DEFAULT_PATIENCE_SECONDS
) -> Telegram:
    """Create a client and verify its token, unless Telegram can't be asked now.

    Args:
        settings: the settings with the server's URL and the token.
        redis: the Redis on which all replicas share their rate limits.
        patience: the maximum number of seconds that a call waits for a send slot.

    Raises:
        SettingsError: the token is not set or malformed, Telegram does not accept it, or the
            proxy of the environment is unusable.
    """
    limiter = Limiter(redis, open_pseudonyms(settings), patience)
    _check_proxy(settings.telegram_api_url)
    try:
        telegram = Telegram(_token(settings), settings.telegram_api_url, limiter)
        telegram.me()
    except TokenRefused:
        server = urlsplit(settings.telegram_api_url).netloc.rpartition("@")[2]
        raise SettingsError(f"{_VARIABLE}: {server} refuses this token") from None
    except TryLater as later:
        log.warning("Telegram can't be reached yet", reason=str(later))
    except Rejected as rejected:
        log.warning("Telegram refuses this bot for now", reason=str(rejected))
    return telegram


def _token(settings: Settings) -> str:
    if settings.telegram_token is None:
        raise SettingsError(f"{_VARIABLE} is not set; @BotFather gives one")
    token = settings.telegram_token.get_secret_value()
    if not _TOKEN.fullmatch(token):
        raise SettingsError(
            f"{_VARIABLE}: this is no token, which is digits, a colon, and letters or digits; "
            "@BotFather gives one"
        )
    return token


def _check_proxy(url: str) -> None:
    """Check the proxy that requests would use for a URL. Its own errors don't name the variable.

    Raises:
        SettingsError: the proxy has no valid URL, or needs a package that is not installed.
    """
    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    if proxy is None:
        return
    variable = next((name for name, value in os.environ.items() if value == proxy), "ALL_PROXY")
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        parts.port  # noqa: B018 - raises ValueError if it is no number
    except ValueError:
        raise SettingsError(f"{variable}: this is no URL of a proxy") from None
    if parts.scheme not in _PROXIES | _SOCKS_PROXIES:
        schemes = ", ".join(f"{scheme}://" for scheme in sorted(_PROXIES | _SOCKS_PROXIES))
        raise SettingsError(f"{variable}: a proxy's URL begins with one of {schemes}")
    if parts.scheme in _SOCKS_PROXIES and find_spec("socks") is None:
        raise SettingsError(
            f"{variable}: SOCKS needs one more package: pip install 'attrai[socks]'"
        )
