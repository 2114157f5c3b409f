"""Records of RabbitMQ and Redis, read from the lines of their logs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from structlog.typing import EventDict

_MASK = "***"
#: What could be a secret, or the address of a client, in a text of any form. What is kept of it are
#: the groups before and after it.
_HIDDEN = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(://)[^/\s@]+(@)",  # user and password in a URL
        # of a setting in any notation
        r"(\b\w{0,30}(?:password|passwd|secret|token|cookie)\w{0,30}[\"'>]*\s*[:=,]\s*(?:<<)?[\"']?)[^\s\"',;}>]+()",
        r"(\b)[0-9a-f]{64}(\b)",  # a password's hash in Redis's rules
        r"(\b)\d{1,3}(?:\.\d{1,3}){3}(:\d+\b)",
        r"(\[)[0-9a-f:.]{2,45}(\]:\d+\b)",
    )
]
#: RabbitMQ's levels that Python doesn't have.
_RABBITMQ_LEVELS = {"notice": "info", "alert": "critical", "emergency": "critical"}
_LEVELS = {"debug", "info", "warning", "error", "critical"}
#: Process, role, time, level and text of a record of Redis.
_REDIS = re.compile(r"\d+:[A-Z] (\d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3}) ([.\-*#]) (.*)")
_REDIS_LEVELS = {".": "debug", "-": "debug", "*": "info", "#": "warning"}


def parse_line(line: str, service: str) -> EventDict:
    """Return the event for a line, which may be of RabbitMQ's JSON, of Redis, or any text.

    Passwords and addresses of clients are masked.
    """
    found = _from_rabbitmq(line) or _from_redis(line) or {"event": line}
    found["event"] = _masked(found["event"])
    now = datetime.now(UTC).isoformat()
    return {"timestamp": now, "level": "info", **found, "service": service}


def _from_rabbitmq(line: str) -> EventDict | None:
    try:
        record: dict[str, Any] = json.loads(line)
        at = datetime.fromisoformat(record["time"])
        level = _RABBITMQ_LEVELS.get(record["level"], record["level"])
        event = {"event": str(record["msg"]), "timestamp": at.isoformat()}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    event["level"] = level if level in _LEVELS else "info"
    return event | ({"logger": str(record["domain"])} if "domain" in record else {})


def _from_redis(line: str) -> EventDict | None:
    if not (match := _REDIS.fullmatch(line)):
        return None
    written, mark, text = match.groups()
    try:
        # In the time zone of Redis, which is taken to be that of this process.
        at = datetime.strptime(written, "%d %b %Y %H:%M:%S.%f").astimezone()
    except ValueError:
        return None
    return {"event": text, "timestamp": at.isoformat(), "level": _REDIS_LEVELS[mark]}


def _masked(text: str) -> str:
    for pattern in _HIDDEN:
        text = pattern.sub(rf"\g<1>{_MASK}\g<2>", text)
    return text
