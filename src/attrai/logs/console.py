"""Records as lines: of JSON for programs, and of text for people at a terminal."""

from __future__ import annotations

import os
from typing import Any, TextIO

from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer
from structlog.typing import EventDict, Processor, WrappedLogger

from attrai.printable import printable
from attrai.settings import LogFormat


def rendering(log_format: LogFormat, stream: TextIO) -> list[Processor]:
    """Return the processors that make scrubbed events lines for the stream.

    "auto" is text on a terminal and JSON elsewhere. Only a terminal gets colours, unless the
    variable NO_COLOR is set.
    """
    terminal = stream.isatty()
    if log_format == "json" or (log_format == "auto" and not terminal):
        return [JSONRenderer()]
    colors = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    # The traceback is part of the event already, without the values of variables.
    console = ConsoleRenderer(
        colors=colors, exception_formatter=plain_traceback, sort_keys=False, pad_event_to=0
    )
    return [_Escape(stream), console]


class _Escape:
    """Processor that escapes what a terminal would obey, and what the stream's encoding lacks.

    Strangers may have put it into an event.
    """

    def __init__(self, stream: TextIO) -> None:
        self._encoding = stream.encoding or "utf-8"

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        return {self._text(key): self._value(key, value) for key, value in event.items()}

    def _value(self, key: str, value: Any) -> str:
        if key == "exception":
            return "\n".join(map(self._text, value.split("\n")))
        return self._text(value)

    def _text(self, value: Any) -> str:
        text = printable(value)
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)
