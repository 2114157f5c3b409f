"""The commands and mentions in a text, as Telegram marks them."""

from __future__ import annotations

import re
from typing import Any

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
