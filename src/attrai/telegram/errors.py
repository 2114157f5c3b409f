"""The errors of calls to Telegram's Bot API.

Those of pyTelegramBotAPI contain the URL, and the URL contains the token, so none of them leaves
this package: callers see only `TryLater`, `Rejected` with its subclasses, `TokenRefused` and
`PollingConflict`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import urllib3
from telebot import apihelper

from attrai.errors import TryLater

#: HTTP status codes. A malformed token results in 404, not 401.
_UNAUTHORIZED, _NOT_FOUND, _CONFLICT, _FLOOD, _SERVER_ERROR = 401, 404, 409, 429, 500
#: In the description of the 400 that every call gets after the method logOut.
_LOGGED_OUT = "logged out"
#: Status codes of a call that is refused for what it sends: 413 comes from a gateway.
_BAD_REQUEST, _TOO_LARGE = 400, 413
#: In the description of a 400 that the chat's permissions cause.
_NOT_PERMITTED = re.compile(r"not enough rights|have no rights|CHAT_SEND_\w+_FORBIDDEN")
#: In the description of a 400 about the chat or the message to reply to, not about what is sent.
_ABOUT_THE_CHAT = re.compile(r"not found|TOPIC_|PEER_ID_INVALID|deactivated|administrator rights")


class Rejected(Exception):
    """The call fails permanently: the user blocked the bot, a message is gone."""


class NotPermitted(Rejected):
    """The chat's permissions exclude what was to be sent, but perhaps nothing else."""


class ContentRefused(Rejected):
    """Telegram can't use what was to be sent, as with a picture that it can't process."""


class ChatMoved(Rejected):
    """The group became a supergroup, whose id is `chat`."""

    def __init__(self, description: str, chat: int) -> None:
        super().__init__(description)
        self.chat = chat


class TokenRefused(Exception):
    """Telegram does not accept the bot's token, or it is malformed."""


class PollingConflict(Exception):
    """Another program polls for this bot's updates, or a webhook receives them."""


@contextmanager
def translate_errors(unknown: type[TryLater] = TryLater) -> Iterator[None]:
    """Convert errors of pyTelegramBotAPI and requests to ours.

    Args:
        unknown: raised when it is unknown whether the call was carried out.
    """
    try:
        yield
    except apihelper.ApiTelegramException as error:
        raise _translated(error.result_json) from None
    except apihelper.ApiHTTPException as error:
        raise unknown(f"HTTP {error.result.status_code}") from None
    except requests.ConnectionError as error:
        raise (unknown if _connected(error) else TryLater)(type(error).__name__) from None
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        apihelper.ApiInvalidJSONException,
        # Raised for valid JSON that is not a Bot API response.
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        raise unknown(type(error).__name__) from None


def _connected(error: requests.ConnectionError) -> bool:
    """Return whether a connection broke once it was established: the request may have arrived."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    before = (requests.ConnectTimeout, requests.exceptions.ProxyError, requests.exceptions.SSLError)
    return not isinstance(error, before) and not isinstance(
        cause, urllib3.exceptions.NewConnectionError
    )


def _translated(answer: dict[str, Any]) -> Exception:
    """Return our exception for an error response of Telegram's.

    See https://core.telegram.org/bots/api#making-requests.
    """
    code, description = answer["error_code"], str(answer["description"])
    if code in (_UNAUTHORIZED, _NOT_FOUND):
        return TokenRefused()
    if code == _CONFLICT:
        return PollingConflict(description)
    if _LOGGED_OUT in description.lower():
        # The bot was moved from one Bot API server to another. Telegram lets it back after minutes.
        return TryLater(description)
    if code == _FLOOD:
        return TryLater(description, _seconds(answer.get("parameters")))
    if not isinstance(code, int) or code >= _SERVER_ERROR:
        return TryLater(f"HTTP {code}")
    return _rejected(code, description, answer.get("parameters"))


def _rejected(code: int, description: str, parameters: Any) -> Rejected:
    chat = parameters.get("migrate_to_chat_id") if isinstance(parameters, dict) else None
    if isinstance(chat, int):
        # The new id is in no log.
        return ChatMoved(description, chat)
    if code not in (_BAD_REQUEST, _TOO_LARGE) or _ABOUT_THE_CHAT.search(description):
        return Rejected(description)
    return (NotPermitted if _NOT_PERMITTED.search(description) else ContentRefused)(description)


def _seconds(parameters: Any) -> int:
    """Return the `retry_after` of an error response in seconds, or 1 if it is missing."""
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return max(1, seconds) if isinstance(seconds, int) else 1
