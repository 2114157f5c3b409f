"""Records for people at a terminal, and for programs everywhere else."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog

from attrai import logs
from testing.gelf import GelfReceiver
from testing.waiting import wait_for
from tests.logs.conftest import Output
from tests.programs import unmeasured

log = structlog.get_logger("attrai.test")
HOSTILE = "a\x1b[2J\x07\r\n\u202eb\udcff"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def colours_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the terminal have colours, wherever the tests run."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def written(stream: io.StringIO, **options: Any) -> str:
    """Configure logging, log a record, and return what is written to the stream."""
    logs.configure("info", stream, **options)
    log.info("slow", took=1.5)
    return stream.getvalue()


@pytest.mark.usefixtures("output")
def test_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets coloured text, and everything else JSON."""
    assert json.loads(written(io.StringIO()))["took"] == 1.5
    text = written(Terminal())
    assert "\x1b[" in text
    assert "slow" in text
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            plain = written(Terminal())
        assert "\x1b" not in plain
        assert "[info     ] slow [attrai.test] took=1.5 service=attrai\n" in plain


@pytest.mark.usefixtures("output")
def test_chosen() -> None:
    """A format that is chosen holds wherever the records go; only a terminal gets colours."""
    assert json.loads(written(Terminal(), log_format="json"))["took"] == 1.5
    text = written(io.StringIO(), log_format="console")
    assert "[info     ] slow [attrai.test] took=1.5 service=attrai\n" in text
    assert "\x1b" not in text


def test_hostile_values(output: Output) -> None:
    """Nothing in a record changes what a terminal shows, or begins a line of its own."""
    output.configure(log_format="console")
    log.warning(HOSTILE, **{HOSTILE: 1}, text=HOSTILE, nested=[{HOSTILE: HOSTILE}])
    logging.getLogger("pika").error("lost %s", HOSTILE)
    assert len(output.text.splitlines()) == 2
    assert output.text.replace("\n", "").isprintable()
    assert "text=a\\x1b[2J\\x07\\r\\n\\u202eb\\xff" in output.text


def fail(local: str) -> None:
    """Fail with a hostile error."""
    raise ValueError(HOSTILE + local)


def test_exceptions(output: Output) -> None:
    """A traceback is readable, has no values of variables, and nothing in it is hostile."""
    output.configure(log_format="console", secrets=["opensesame"])
    try:
        fail("opensesame")
    except ValueError:
        log.exception("failed")
        logging.getLogger("dramatiq").exception("failed")
    lines = output.text.splitlines()
    assert lines.count("Traceback (most recent call last):") == 2
    # The error's text has a line end of its own.
    assert len([line for line in lines if line.startswith("ValueError: a\\x1b[2J\\x07")]) == 2
    assert output.text.replace("\n", "").isprintable()
    assert "opensesame" not in output.text
    assert lines.count("\\u202eb\\xff***") == 2


def test_secrets(output: Output) -> None:
    """Secrets are masked in text as they are in JSON."""
    output.configure(log_format="console", secrets=["opensesame"])
    log.info("opensesame", opensesame="opensesame", nested=[("opensesame",)])
    logging.getLogger("pika").error("amqp://user:%s@host", "opensesame")
    assert "opensesame" not in output.text
    assert "amqp://user:***@host" in output.text


@pytest.mark.usefixtures("output")
def test_an_encoding_that_lacks_characters() -> None:
    """What the stream's encoding lacks is escaped, and the record isn't lost."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    logs.configure("info", stream, log_format="console")
    log.info("Grüße, 世界", names=["世"])
    stream.flush()
    text = raw.getvalue().decode("latin-1")
    assert "Grüße, \\u4e16\\u754c" in text
    assert "\\u4e16" in text.split("names=")[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "variable", "is_text"),
    [
        ((), "auto", True),
        ((), "json", False),
        (("--log-format", "json"), "console", False),
    ],
)
@pytest.mark.parametrize("command", [("bot",), ("sweep",), ("worker", "render")], ids=" ".join)
def test_commands_at_a_terminal(
    tmp_path: Path,
    command: tuple[str, ...],
    option: tuple[str, ...],
    variable: str,
    is_text: bool,  # noqa: FBT001 - pytest passes it
) -> None:
    """The service writes text at a terminal, unless the option or the variable says otherwise."""
    output = _at_terminal(
        [*command, *option],
        tmp_path,
        ATTRAI_LOG_FORMAT=variable,
        ATTRAI_MISSPELT="1",
        ATTRAI_BROKER_URL="amqp://h?heartbeat=soon",
    )
    (line,) = [line for line in output.splitlines() if "unknown setting" in line]
    assert line.startswith("{") is not is_text
    assert ("\x1b[" in line) is is_text


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "console"])
def test_the_main_process_of_workers(tmp_path: Path, form: str, graylog: GelfReceiver) -> None:
    """Dramatiq's main process logs as the workers do that it starts, also to Graylog."""
    variables = {
        "ATTRAI_LOG_LEVEL": "info",
        "ATTRAI_BROKER_URL": "amqp://h?heartbeat=soon",
        "ATTRAI_GELF_URL": graylog.url,
    }
    run = subprocess.run(
        [sys.executable, "-m", "attrai", "worker", "render", "--log-format", form],
        cwd=tmp_path,
        env={**unmeasured(), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert [line[:25] for line in run.stderr.splitlines()] == ["attrai: ATTRAI_BROKER_URL"]
    if form == "json":
        records = [json.loads(line) for line in run.stdout.splitlines()]
        seen = [record["event"] for record in records if record["service"] == "worker"]
    else:
        seen = [line.split("] ", 1)[1] for line in run.stdout.splitlines()]
    assert "is booting up" in seen[0]
    assert "exited unexpectedly" in seen[-1]
    wait_for(lambda: "exited unexpectedly" in str(graylog.texts()))
    assert len(graylog.texts()) == len(seen)
    assert {message["_service"] for message in graylog.messages} == {"worker"}


def test_an_unknown_format(tmp_path: Path) -> None:
    """A format that there isn't is refused, with those that there are."""
    run = subprocess.run(
        [sys.executable, "-m", "attrai", "rate", "x.jpg", "--log-format", "xml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "auto, console, json" in run.stderr


def _at_terminal(arguments: list[str], folder: Path, **variables: str) -> str:
    """Run `attrai` at a terminal and return what it writes there."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "attrai", *arguments],
        cwd=folder,
        env={**unmeasured(), **variables},
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    parts = []
    with process:
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # Linux's way to say that nobody has the terminal open any more
                break
            parts.append(part)
    os.close(master)
    return b"".join(parts).decode()
