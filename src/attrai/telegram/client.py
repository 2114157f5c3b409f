"""The calls of the Bot API that we make; what can go wrong with them, in four kinds.

pyTelegramBotAPI makes the requests. Its errors name the URL, and the URL holds the token, so
none of them leaves this file.

From the settings to a client of the Bot API.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import structlog
import urllib3
from redis import Redis
from telebot import TeleBot, apihelper, types

from attrai.errors import SettingsError, TryLater
from attrai.settings import Settings
from attrai.telegram.limiter import ON_THE_SPOT, Limiter
from attrai.telegram.pseudonyms import Pseudonyms

#: Seconds after which a call without an answer has failed; and for an upload.
_TIMEOUT, _UPLOAD_TIMEOUT = 15, 40
#: The same for the last call of a process, which somebody may wait for.
_CONFIRM_TIMEOUT = 5
#: Seconds that a download may take in all.
_DOWNLOAD_TIMEOUT = 40
_CHUNK = 65536

#: A token that is none by its form is "not found".
_UNAUTHORIZED, _NOT_FOUND, _CONFLICT, _FLOOD, _SERVER_ERROR = 401, 404, 409, 429, 500


class Rejected(Exception):
    """The call is of no use, now or later: the user blocked the bot, a message is gone."""


class TokenRefused(Exception):
    """Telegram knows no bot with this token."""


class AnotherPoller(Exception):
    """Another program asks for this bot's updates, or a webhook gets them."""


class Telegram:
    """The Bot API for one bot. Its calls may be made from several threads.

    What it sends is kept below Telegram's limits, and a chat for which Telegram asks for patience
    gets nothing until then; `turn` names a message that keeps its place when it is sent later.
    Each call raises, unless it says otherwise:
        TryLater: Telegram can't be reached, fails, or asks for patience.
        Rejected: the call is of no use.
        TokenRefused: the token is wrong.
    """

    def __init__(self, token: str, url: str, limiter: Limiter) -> None:
        """A client that has not called yet.

        Raises:
            TokenRefused: this is no token.
        """
        server = url.rstrip("/")
        # pyTelegramBotAPI knows one server a process, which is what a process here talks to.
        apihelper.API_URL = server + "/bot{0}/{1}"  # type: ignore[assignment]  # it is None at first
        self._files = f"{server}/file/bot{token}/"
        self._token = token
        self._limiter = limiter
        try:
            self._bot = TeleBot(token, threaded=False)
        except ValueError:
            raise TokenRefused from None

    def me(self) -> types.User:
        """The bot's own account."""
        with _our_errors():
            me = self._bot.get_me()
            if not isinstance(me, types.User):
                raise TypeError("no user")
            return me

    def updates(self, offset: int, wait: int) -> list[Any]:
        """The updates from `offset` on, as they come; those before it are confirmed by this.

        Args:
            offset: the first `update_id` that is wanted; 0 for all that are not confirmed.
            wait: how many seconds the server may hold the call until there is one, from 1.

        Raises:
            AnotherPoller: somebody else asks for them as well.
        """
        with _our_errors():
            updates = apihelper.get_updates(  # type: ignore[no-untyped-call]  # telebot's
                self._token,
                offset=offset,
                allowed_updates=["message"],
                long_polling_timeout=wait,
            )
            if not isinstance(updates, list):
                raise TypeError("no list of updates")
            return updates

    def confirm(self, offset: int) -> None:
        """Confirm the updates before `offset`, without waiting for another one.

        Raises:
            AnotherPoller: somebody else asks for them as well.
        """
        with _our_errors():
            # Its get_updates can't be told not to wait.
            apihelper._make_request(  # type: ignore[no-untyped-call]  # noqa: SLF001
                self._token,
                "getUpdates",
                params={"offset": offset, "limit": 1, "timeout": _CONFIRM_TIMEOUT},
            )

    def send_text(self, chat: int, text: str, *, reply_to: int, turn: str | None = None) -> int:
        """Sends a message that answers another; the number it got."""
        with self._sending(chat, turn):
            reply = types.ReplyParameters(reply_to)
            sent = self._bot.send_message(chat, text, reply_parameters=reply, timeout=_TIMEOUT)
            return sent.message_id

    def send_photo(
        self, chat: int, picture: bytes, caption: str, *, reply_to: int, turn: str
    ) -> None:
        """Sends a picture that Telegram may compress."""
        with self._sending(chat, turn):
            self._bot.send_photo(
                chat,
                picture,
                caption,
                reply_parameters=types.ReplyParameters(reply_to),
                timeout=_UPLOAD_TIMEOUT,
            )

    def send_document(
        self, chat: int, picture: bytes, name: str, caption: str, *, reply_to: int, turn: str
    ) -> None:
        """Sends a picture as a file."""
        with self._sending(chat, turn):
            self._bot.send_document(
                chat,
                picture,
                caption=caption,
                visible_file_name=name,
                reply_parameters=types.ReplyParameters(reply_to),
                timeout=_UPLOAD_TIMEOUT,
            )

    def edit_text(self, chat: int, message: int, text: str) -> None:
        """Changes a message of ours."""
        with self._sending(chat):
            self._bot.edit_message_text(text, chat, message, timeout=_TIMEOUT)

    def delete(self, chat: int, message: int) -> None:
        """Takes a message of ours back."""
        with _our_errors():
            self._bot.delete_message(chat, message, timeout=_TIMEOUT)

    def say_busy(self, chat: int) -> None:
        """Shows for some seconds that a picture is on its way."""
        with _our_errors():
            self._bot.send_chat_action(chat, "upload_photo", timeout=_TIMEOUT)

    def set_commands(self, commands: dict[str, str], language: str | None) -> None:
        """The menu of commands with what each does; `None` for all other languages."""
        with _our_errors():
            menu = [types.BotCommand(name, description) for name, description in commands.items()]
            self._bot.set_my_commands(menu, language_code=language)

    def download(self, file_id: str, max_bytes: int) -> bytes:
        """A file's content; of one that is larger `max_bytes` and one more.

        What the server says of the length is not relied upon.
        """
        deadline = time.monotonic() + _DOWNLOAD_TIMEOUT
        with _our_errors():
            path = self._bot.get_file(file_id).file_path
            content = bytearray()
            # As it is: what a few bytes may be unpacked to could be far beyond the limit.
            plain = {"Accept-Encoding": "identity"}
            with requests.get(
                self._files + str(path), stream=True, timeout=_TIMEOUT, headers=plain
            ) as response:
                if not response.ok:
                    # The path lives for an hour; a new one is had by asking again.
                    raise TryLater(f"HTTP {response.status_code} for a file")
                # What has come, however little: `iter_content` waits for a whole chunk.
                while chunk := response.raw.read1(_CHUNK):
                    content += chunk
                    if len(content) > max_bytes:
                        return bytes(content[: max_bytes + 1])
                    if time.monotonic() > deadline:
                        raise TryLater("a download takes too long")
            return bytes(content)

    @contextmanager
    def _sending(self, chat: int, turn: str | None = None) -> Iterator[None]:
        self._limiter.acquire(chat, turn)
        try:
            with _our_errors():
                yield
        except TryLater as later:
            if later.seconds is not None:
                self._limiter.hold(chat, later.seconds)
            raise


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except apihelper.ApiTelegramException as error:
        raise _translated(error.result_json) from None
    except apihelper.ApiHTTPException as error:
        raise TryLater(f"HTTP {error.result.status_code}") from None
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        apihelper.ApiInvalidJSONException,
        # What is JSON, but no answer of Telegram's.
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise TryLater(type(error).__name__) from None


def _translated(answer: dict[str, Any]) -> Exception:
    """The error of ours for one of Telegram's (https://core.telegram.org/bots/api#making-requests)."""
    code, description = answer["error_code"], str(answer["description"])
    if code in (_UNAUTHORIZED, _NOT_FOUND):
        return TokenRefused()
    if code == _CONFLICT:
        return AnotherPoller(description)
    if code == _FLOOD:
        return TryLater(description, _seconds(answer.get("parameters")))
    if not isinstance(code, int) or code >= _SERVER_ERROR:
        return TryLater(f"HTTP {code}")
    return Rejected(description)


def _seconds(parameters: Any) -> int:
    """How long Telegram wants to be left alone; a second, if it does not say."""
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return max(1, seconds) if isinstance(seconds, int) else 1


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
