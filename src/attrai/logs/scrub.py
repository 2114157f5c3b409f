"""Removal of secrets from the logs."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from structlog.typing import EventDict, WrappedLogger

_MASK = "***"
#: How pydantic quotes in its errors what it was given: a part of a message or an update.
_QUOTED_INPUT = re.compile(r"input_value=.*?, input_type=", re.DOTALL)


class Scrubber:
    """Processor that turns the values of an event into plain JSON values and masks every secret.

    The values that pydantic's errors quote are masked as well.
    """

    def __init__(self, secrets: Collection[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        # Longest first: masking a shorter secret first would leave the rest of a longer one.
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        """Return a scrubbed copy of the event."""
        return {self._text(str(key)): self._value(value) for key, value in event.items()}

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self._text(str(key)): self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item) for item in value]
        return self._text(repr(value))

    def _text(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, _MASK)
        return _QUOTED_INPUT.sub(f"input_value={_MASK}, input_type=", text)


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it is, as quoted in a URL, and as escaped in JSON or a repr."""
    yield secret
    yield quote(secret, safe="")
    yield json.dumps(secret)[1:-1]
