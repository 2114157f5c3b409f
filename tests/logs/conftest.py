"""Fixtures: a Graylog receiver and a captured log stream."""

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
    """Log the numbers of a range, and return the messages to expect."""
    for number in through:
        log.info(str(number))
    return [str(number) for number in through]


def numbers(receiver: GelfReceiver) -> list[str]:
    """The numbers that were received."""
    return [text for text in receiver.texts() if text.isdigit()]


class Output:
    """A log stream whose content can be inspected."""

    def __init__(self) -> None:
        self._stream = io.StringIO()

    def configure(self, level: str = "info", **options: Any) -> LogHandler:
        """Log to this output from now on."""
        return logs.configure(level, self._stream, **options)

    @property
    def text(self) -> str:
        """Everything that was written."""
        return self._stream.getvalue()

    def records(self, event: str | None = None) -> list[dict[str, Any]]:
        """The records that were written, or only those of one event."""
        records = [json.loads(line) for line in self.text.splitlines()]
        return [record for record in records if event in (None, record["event"])]


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    """An output that logging leaves again after the test.

    Closing the handler may take longer than usual, so that a slow machine can send what waits:
    records lost to the usual limit of 2 s would say nothing about the code.
    """
    monkeypatch.setattr(graylog_module, "CLOSE_WITHIN", PATIENCE_S)
    yield Output()
    logs.configure("warning", io.StringIO())
    logging.captureWarnings(capture=False)


@pytest.fixture
def graylog() -> Iterator[GelfReceiver]:
    """A Graylog server that is up, and that must receive only valid messages."""
    with GelfReceiver() as receiver:
        yield receiver
    assert receiver.invalid == []
