"""Lines of RabbitMQ's and Redis's logs, and of any others, become records without secrets."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai.logs import GelfAddress
from attrai.logs.foreign import parse_line
from attrai.logs.graylog import Graylog
from testing.gelf import parse


def rabbitmq(**changes: object) -> str:
    """Return a line of RabbitMQ's log."""
    record = {
        "time": "2026-11-27 17:39:54.021991+00:00",
        "level": "error",
        "msg": "Channel error on connection <0.697.0>:\nnot_found",
        "domain": "rabbitmq.channel",
        "pid": "<0.706.0>",
    }
    return json.dumps({**record, **changes})


def test_rabbitmq() -> None:
    """A record of RabbitMQ keeps its time, its level, its text and its part of RabbitMQ."""
    assert parse_line(rabbitmq(), "rabbitmq") == {
        "event": "Channel error on connection <0.697.0>:\nnot_found",
        "level": "error",
        "timestamp": "2026-11-27T17:39:54.021991+00:00",
        "logger": "rabbitmq.channel",
        "service": "rabbitmq",
    }


@pytest.mark.parametrize(
    ("written", "meant"),
    [("debug", "debug"), ("notice", "info"), ("alert", "critical"), ("odd", "info"), ([], "info")],
)
def test_levels_of_rabbitmq(written: object, meant: str) -> None:
    """Levels of RabbitMQ that Python doesn't have become the nearest, whatever they are."""
    assert parse_line(rabbitmq(level=written), "rabbitmq")["level"] == meant


def test_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record of Redis keeps its time, which is local, its level and its text."""
    monkeypatch.setenv("TZ", "Etc/GMT-3")
    time.tzset()
    try:
        event = parse_line("85:M 27 Nov 2026 17:39:34.974 * Ready to accept connections", "redis")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert event == {
        "event": "Ready to accept connections",
        "level": "info",
        "timestamp": "2026-11-27T17:39:34.974000+03:00",
        "service": "redis",
    }
    assert parse_line("85:C 27 Nov 2026 17:39:34.974 # oO0O", "redis")["level"] == "warning"


@pytest.mark.parametrize(
    "line",
    [
        "=== REDIS BUG REPORT START ===",
        "85:M 99 Nov 2026 17:39:34.974 * no such day",
        '{"time": "soon", "level": "info", "msg": "x"}',
        '{"level": "info"}',
        "[1]",
        "7",
        "[" * 100_000,
    ],
    ids=lambda line: line[:30],
)
def test_other_lines(line: str) -> None:
    """Any other line is a record as it is, of the time at which it was read."""
    event = parse_line(line, "other")
    assert (event["event"], event["level"]) == (line, "info")
    age = datetime.now(UTC) - datetime.fromisoformat(event["timestamp"])
    assert timedelta(0) <= age < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("amqp://detect-1:SECRET@rabbitmq:5672", "amqp://***@rabbitmq:5672"),
        ('{password,<<"SECRET">>}', '{password,<<"***">>}'),
        ('{"password_hash": "SECRET"}', '{"password_hash": "***"}'),
        ("default_pass = 1, default_password = SECRET", "default_pass = 1, default_password = ***"),
        ("requirepass x\tmasterauth token:SECRET", "requirepass x\tmasterauth token:***"),
        ("cookie hash, cookie=SECRET", "cookie hash, cookie=***"),
        (f"user a on #{'5ec7e7' * 10}abcd ~*", "user a on #*** ~*"),
        ("(10.0.1.5:41234 -> 10.0.1.2:5672)", "(***:41234 -> ***:5672)"),
        ("addr=[fd00::1]:6379 from 10.0.0.1:1", "addr=[***]:6379 from ***:1"),
        ("RabbitMQ 3.10.8 on Erlang 25.2.3.1", "RabbitMQ 3.10.8 on Erlang 25.2.3.1"),
        ("at 17:39:54 user 'detect-1' logged in", "at 17:39:54 user 'detect-1' logged in"),
    ],
)
def test_masks(text: str, shown: str) -> None:
    """Passwords in URLs, terms and settings are masked, and addresses of clients; nothing else."""
    assert parse_line(text, "other")["event"] == shown
    assert parse_line(rabbitmq(msg=text), "rabbitmq")["event"] == shown


@given(line=st.text())
def test_any_line_is_valid_gelf(line: str) -> None:
    """Any line becomes a valid message."""
    parse(Graylog(GelfAddress("localhost", 1, None)).makePickle(parse_line(line, "other"))[:-1])


@pytest.mark.parametrize("piece", ["://", "password", "[:", "1.1.1.", "a", "token=", '"'])
def test_long_lines(piece: str) -> None:
    """A line that was made to take long takes no longer than others of its length."""
    usual = _duration("x " * 20_000)
    assert _duration(piece * (40_000 // len(piece))) < 50 * usual + 1


def _duration(line: str) -> float:
    started = time.process_time()
    parse_line(line, "other")
    return time.process_time() - started
