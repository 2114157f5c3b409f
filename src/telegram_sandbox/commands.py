"""The commands that a bot has set, by whom they are for and by language.

The commands and mentions in a text, as Telegram marks them.
"""

from __future__ import annotations

import json
import re
from typing import Any

#: What a user in a private chat sees: the first of these that was set.
_SCOPES = ("all_private_chats", "default")


class Commands:
    """Lists of commands, each a `{"command": ..., "description": ...}`."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str], list[dict[str, str]]] = {}

    def set(self, commands: list[dict[str, str]], scope: dict[str, Any], language: str) -> None:
        """Sets the commands for a BotCommandScope and a language, "" for all others."""
        self._lists[_key(scope), language] = commands

    def get(self, scope: dict[str, Any], language: str) -> list[dict[str, str]]:
        """The commands set for just that scope and language."""
        return self._lists.get((_key(scope), language), [])

    def seen_in(self, language: str) -> list[dict[str, str]]:
        """The commands that a user of that language sees in a private chat."""
        for scope in _SCOPES:
            for code in (language, ""):
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
    """The text's entities; offsets and lengths are in UTF-16 code units."""
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
