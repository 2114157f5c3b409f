"""Conversion of records for the stream and for Graylog."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from attrai.logs import GelfAddress
from attrai.logs.graylog import Graylog
from attrai.logs.scrub import Scrubber
from testing.gelf import GelfReceiver, parse
from testing.waiting import wait_for
from tests.logs.conftest import Output

log = structlog.get_logger("attrai.test")


def gelf(event: dict[str, Any]) -> dict[str, Any]:
    """The valid GELF message for an event."""
    complete = {"event": "x", **event, "level": "info", "timestamp": "2026-01-02T03:04:05.25Z"}
    graylog = Graylog(GelfAddress("localhost", 1, None))
    frame = graylog.makePickle(Scrubber(())(None, "info", complete))
    assert frame.endswith(b"\0")
    return parse(frame[:-1])


def test_one_event_for_both_outputs(output: Output, graylog: GelfReceiver) -> None:
    """A record has the same time and the same fields on the stream and in Graylog."""
    output.configure(service="worker", gelf_url=graylog.url)
    with structlog.contextvars.bound_contextvars(job="j1", stage="score"):
        log.warning("slow", took=1.5, attempt=2, faces=[1, 2], done=True, reason=None)
    wait_for(lambda: graylog.messages)
    (record,) = output.records()
    (message,) = graylog.messages
    assert record["event"] == message["short_message"] == "slow"
    assert (record["level"], message["level"]) == ("warning", 4)
    assert record["timestamp"].endswith("Z")
    fields = {key: message["_" + key] for key in ("service", "logger", "job", "stage", "took")}
    assert fields.items() <= record.items()
    assert fields["service"] == "worker"
    assert message["_attempt"] == 2
    assert [message[key] for key in ("_faces", "_done", "_reason")] == ["[1, 2]", "true", "null"]


def test_records_of_libraries(output: Output, graylog: GelfReceiver) -> None:
    """Records of the standard library and warnings are logged like attrai's own."""
    output.configure(gelf_url=graylog.url)
    with structlog.contextvars.bound_contextvars(stage="score"):
        logging.getLogger("pika").error("lost %s after %d s", "the broker", 3)
    with warnings.catch_warnings():
        # Only this category: objects left by earlier tests may warn when garbage-collected.
        warnings.simplefilter("always", DeprecationWarning)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    wait_for(lambda: len(graylog.messages) == 2)
    library, warning = graylog.messages
    assert library["short_message"] == "lost the broker after 3 s"
    assert (library["_logger"], library["_stage"], library["level"]) == ("pika", "score", 3)
    assert "DeprecationWarning: old" in warning["short_message"]
    assert [record["logger"] for record in output.records()] == ["pika", "py.warnings"]


@pytest.mark.parametrize("logger", [log, logging.getLogger("dramatiq")])
def test_exceptions(output: Output, graylog: GelfReceiver, logger: Any) -> None:
    """The traceback is the full message, and is not repeated as a field."""
    output.configure(gelf_url=graylog.url)
    try:
        {}["no such job"]
    except LookupError:
        logger.exception("failed")
    wait_for(lambda: graylog.messages)
    (message,) = graylog.messages
    assert message["short_message"] == "failed"
    assert message["full_message"].startswith("Traceback")
    assert message["full_message"].endswith("KeyError: 'no such job'")
    assert "_exception" not in message
    assert output.records()[0]["exception"] == message["full_message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(event=st.dictionaries(st.text(), JSON))
def test_any_event_is_valid_gelf(event: dict[str, Any]) -> None:
    """Any event, with any names and values, becomes a valid GELF 1.1 message."""
    gelf(event)


@pytest.mark.parametrize(
    ("key", "field"), [("id", "_id_"), ("source", "_source_"), ("a b/ü", "_a_b__"), ("", "__")]
)
def test_names_that_graylog_rejects(key: str, field: str) -> None:
    """A name that Graylog rejects or reserves is changed instead of dropped."""
    assert gelf({key: 7})[field] == 7


def test_half_a_surrogate_pair() -> None:
    """A lone surrogate is replaced by a question mark."""
    assert gelf({"event": "a\ud800b\0"})["short_message"] == "a?b\0"


def test_long_values() -> None:
    """A field is cut to the size that Graylog's index accepts, and a traceback to its end."""
    message = gelf({"event": "é" * 10**6, "exception": "x" * 10**6 + "end", "field": "é" * 10**6})
    assert len(message["_field"].encode()) < 32766
    assert message["full_message"].endswith("xend")


TOKEN = "123456:AAE-token"  # noqa: S105 (an example)
PASSWORD = 'pass/w"ord'  # noqa: S105 (an example)


def test_secrets(output: Output, graylog: GelfReceiver) -> None:
    """No secret reaches either output, in whatever form or place it was logged."""
    output.configure(gelf_url=graylog.url, secrets=(TOKEN, PASSWORD, ""))
    call = f"GET /bot{TOKEN}/getMe"
    log.info(call, **{TOKEN: 1}, nested={"urls": [(f"x{TOKEN}",)]})
    log.info("objects", error=ValueError(TOKEN), path=Path(TOKEN), raw=TOKEN.encode())
    logging.getLogger("telebot").info("%s", f"https://host/bot{TOKEN}")
    logging.getLogger("pika").info("amqp://user:%s@host", "pass%2Fw%22ord")
    log.info("quoted", inner={"text": json.dumps({"password": PASSWORD})})
    try:
        Path(f"/bot{TOKEN}").read_bytes()
    except OSError:
        log.exception("failed")
        logging.getLogger("dramatiq").exception("failed")
    wait_for(lambda: len(graylog.messages) == 7)
    for text in (output.text, str(graylog.messages)):
        for secret in (TOKEN, "pass/w", "pass%2Fw"):
            assert secret not in text
    assert graylog.messages[0]["short_message"] == "GET /bot***/getMe"
    assert graylog.messages[3]["short_message"] == "amqp://user:***@host"
    assert graylog.messages[5]["full_message"].endswith("No such file or directory: '/bot***'")


class Unprintable:
    """A value whose repr raises."""

    def __repr__(self) -> str:
        raise RuntimeError


def test_records_that_cannot_be_formatted(
    output: Output, graylog: GelfReceiver, capfd: pytest.CaptureFixture[str]
) -> None:
    """A record that can't be formatted is replaced by one that says where it was logged."""
    output.configure(gelf_url=graylog.url)
    circle: list[Any] = []
    circle.append(circle)
    log.error("circular", value=circle)
    log.error("unprintable", value=Unprintable())
    log.error("long", value=10**10_000)
    logging.getLogger("pika").error("%d", "not a number")
    wait_for(lambda: len(graylog.messages) == 4)
    reasons = ("RecursionError", "RuntimeError", "ValueError", "TypeError")
    for record, message, reason in zip(output.records(), graylog.messages, reasons, strict=True):
        assert Path(__file__).name in record["event"]
        assert record["event"].endswith(reason)
        assert (message["short_message"], message["level"]) == (record["event"], 3)
    assert capfd.readouterr() == ("", "")


def test_a_stream_that_is_closed(
    output: Output, graylog: GelfReceiver, capfd: pytest.CaptureFixture[str]
) -> None:
    """A broken stream neither raises in the caller nor keeps the record from Graylog."""
    output.configure(gelf_url=graylog.url)
    output._stream.close()
    log.error("hello")
    wait_for(lambda: graylog.texts() == ["hello"])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "url",
    [
        "graylog:12201",
        "udp://graylog:12201",
        "tcp://",
        "tcp://graylog:port",
        "tcp://graylog..:12201",
        "tcp://graylog/path",
        "tcp://user@graylog",
        "tcp://graylog?ca=/ca.pem",
        "tls://graylog?ca=/missing.pem",
        f"tls://graylog?ca={__file__}",
        "tls://graylog?verify=no",
    ],
)
def test_unusable_addresses(output: Output, url: str) -> None:
    """An invalid address raises at once and leaves the current logging as it is."""
    output.configure()
    with pytest.raises(ValueError, match=r".+"):
        output.configure(gelf_url=url)
    log.info("still here")
    assert len(output.records("still here")) == 1


def test_addresses() -> None:
    """An address consists of a host and a port, 12201 by default."""
    assert GelfAddress.parse("tcp://graylog") == GelfAddress("graylog", 12201, None)
    assert GelfAddress.parse("tcp://[::1]:99") == GelfAddress("::1", 99, None)
    tls = GelfAddress.parse("tls://graylog:1").tls
    assert tls is not None
    assert tls.check_hostname
