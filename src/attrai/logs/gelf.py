"""GELF 1.1: the address of a Graylog server, and the message for an event."""

from __future__ import annotations

import json
import math
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

#: Longest value of a field in characters: Graylog's index rejects terms of 32 KiB or more.
MAX_FIELD = 8_000
#: Longest traceback in characters: up to 10,000 of them may wait in memory.
MAX_TRACEBACK = 32_000

_DEFAULT_PORT = 12201
#: Names that Graylog reserves: it rejects the additional field `_id` and ignores the others.
_TAKEN = frozenset(
    ("full_message", "host", "id", "message", "short_message", "source", "streams", "version")
)
#: Keys of an event that map to standard fields of a message.
_PLACED = frozenset(("event", "exception", "level", "timestamp"))
_NOT_IN_A_NAME = re.compile(r"[^\w.\-]", re.ASCII)
#: Syslog's numbers for Python's level names.
_LEVELS = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
_INFO = _LEVELS["info"]


@dataclass(frozen=True)
class GelfAddress:
    """Address of a Graylog server and, for TLS, how to check its certificate."""

    host: str
    port: int
    tls: ssl.SSLContext | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse `tcp://host:port`, `tls://host:port` or `tls://host:port?ca=/path/of/ca.pem`.

        The default port is 12201. Without `ca` the system's certificate authorities are trusted.

        Raises:
            ValueError: the URL has another form, or its `ca` can't be read.
        """
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        options = {"ca"} if parts.scheme == "tls" else set()
        if (
            parts.scheme not in ("tcp", "tls")
            or not parts.hostname
            or parts.username is not None
            or parts.path not in ("", "/")
            or not query.keys() <= options
        ):
            raise ValueError("it must be tcp://host:port or tls://host:port?ca=/path")
        try:
            parts.hostname.encode("idna")
        except UnicodeError as error:
            raise ValueError(f"its host is none: {error}") from error
        context = None
        if parts.scheme == "tls":
            try:
                context = ssl.create_default_context(cafile=query.get("ca", [None])[0])
            except OSError as error:
                raise ValueError(f"its ca can't be used: {error}") from error
        return cls(parts.hostname, parts.port or _DEFAULT_PORT, context)


def gelf_message(event: Mapping[str, Any], host: str) -> dict[str, str | float]:
    """Return the GELF 1.1 message for an event of plain JSON values."""
    message: dict[str, str | float] = {
        "version": "1.1",
        "host": host,
        "short_message": _text(event.get("event"))[:MAX_FIELD].strip() or "(empty)",
        "timestamp": datetime.fromisoformat(event["timestamp"]).timestamp(),
        "level": _LEVELS.get(event["level"], _INFO),
    }
    if "exception" in event:
        # The end of a traceback names the error.
        message["full_message"] = _text(event["exception"])[-MAX_TRACEBACK:]
    for key, value in event.items():
        if key not in _PLACED:
            message[_name(key)] = _number_or_text(value)
    return message


def _name(key: str) -> str:
    name = _NOT_IN_A_NAME.sub("_", key) or "_"
    return f"_{name}_" if name in _TAKEN else f"_{name}"


def _number_or_text(value: Any) -> str | float:
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return _text(value)[:MAX_FIELD]


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    # A lone surrogate can't be encoded as UTF-8.
    return text if text.isascii() else text.encode(errors="replace").decode()
