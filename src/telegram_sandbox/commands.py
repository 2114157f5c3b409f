"""The commands that a bot has set, by scope and language, and the entities in a text.

Entities are the commands and mentions that Telegram marks in a message.
"""

from __future__ import annotations

import json
import re
from typing import Any

#: The BotCommandScope types that apply in a private chat, the one that takes precedence first.
_SCOPES = ("all_private_chats", "default")


class Commands:
    """The bot's command lists, one for each scope and language.

    A command is a `{"command": ..., "description": ...}`.
    """

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str], list[dict[str, str]]] = {}

    def set(self, commands: list[dict[str, str]], scope: dict[str, Any], language: str) -> None:
        """Set the commands for a BotCommandScope and a language code, or "" for all others."""
        self._lists[_key(scope), language] = commands

    def get(self, scope: dict[str, Any], language: str) -> list[dict[str, str]]:
        """Return the commands set for exactly this scope and language, without fallback."""
        return self._lists.get((_key(scope), language), [])

    def visible_to(self, language: str) -> list[dict[str, str]]:
        """Return the commands that users of a language, such as `pt-br`, see in a private chat.

        A narrower scope takes precedence, and within a scope the language over the default.
        """
        for scope in _SCOPES:
            for code in (language.partition("-")[0], ""):
                if found := self.get({"type": scope}, code):
                    return found
        return []


def _key(scope: dict[str, Any]) -> str:
    return json.dumps(scope, sort_keys=True)


_ENTITY = re.compile(
    r"(?<![\w/@])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/@])"
    r"|(?<![\w/@])(?P<mention>@[A-Za-z][A-Za-z0-9_]{2,31})(?![\w/@])"
)


def entities(text: str) -> list[dict[str, Any]]:
    """Return the commands and mentions in a text as MessageEntity objects.

    Offsets and lengths are in UTF-16 code units, as in the Bot API.
    """
    return [
        {
            "type": found.lastgroup,
            "offset": _utf16_length(text[: found.start()]),
            "length": _utf16_length(found.group()),
        }
        for found in _ENTITY.finditer(text)
    ]


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
