"""A Graylog to send to, and what was written to the stream besides."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from attrai import logs
from attrai.logs import LogHandler
from attrai.logs import graylog as graylog_module
from testing.gelf import GelfReceiver
from testing.waiting import PATIENCE_S

log = structlog.get_logger("attrai.test")
UNREACHABLE = "Graylog is unreachable"


def count(through: range) -> list[str]:
    """Logs numbers; the messages to come."""
    for number in through:
        log.info(str(number))
    return [str(number) for number in through]


def numbers(receiver: GelfReceiver) -> list[str]:
    """The numbers that came."""
    return [text for text in receiver.texts() if text.isdigit()]


class Output:
    """Logs to a stream that can be looked at."""

    def __init__(self) -> None:
        self._stream = io.StringIO()

    def configure(self, level: str = "info", **options: Any) -> LogHandler:
        """Logs to this output from now on."""
        return logs.configure(level, self._stream, **options)

    @property
    def text(self) -> str:
        """What was written."""
        return self._stream.getvalue()

    def records(self, event: str | None = None) -> list[dict[str, Any]]:
        """The records that were written, or those of one event."""
        records = [json.loads(line) for line in self.text.splitlines()]
        return [record for record in records if event in (None, record["event"])]


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    """An output that is not logged to any more when the test is over.

    Closing it gives a slow machine time to send what waits: what is lost to the 2 s that a
    process has for it would say nothing of the code.
    """
    monkeypatch.setattr(graylog_module, "CLOSE_WITHIN", PATIENCE_S)
    yield Output()
    logs.configure("warning", io.StringIO())
    logging.captureWarnings(capture=False)


@pytest.fixture
def graylog() -> Iterator[GelfReceiver]:
    """A Graylog that is up, and that must have got nothing but valid messages."""
    with GelfReceiver() as receiver:
        yield receiver
    assert receiver.invalid == []
