"""Keeps secrets out of the logs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from structlog.typing import EventDict, WrappedLogger

_MASK = "***"


class Scrubber:
    """A processor: makes plain JSON values of an event's, with every secret masked."""

    def __init__(self, secrets: Collection[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        # The longest first, or what is left of a longer one could still tell something.
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        """The event, scrubbed."""
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
        return text


def _forms(secret: str) -> Iterator[str]:
    """The secret as it is, in a URL, and in JSON or a repr."""
    yield secret
    yield quote(secret, safe="")
    yield json.dumps(secret)[1:-1]
