"""Uncaught exceptions: those of any thread are scrubbed records, and nothing is on stderr."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from pydantic import BaseModel
from attrai import logs

logs.configure("info", sys.stdout, secrets=["opensesame"])
logs.log_uncaught()

class Update(BaseModel):
    chat: int

class Ignored:
    def __del__(self):
        raise ValueError("opensesame")

def fail():
    raise ValueError("opensesame")

def misread():
    Update(chat={"id": int("12345" "67890")})  # not in the source line

def end():
    sys.exit("opensesame")

def in_thread(work):
    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join()

"""


def run(line: str) -> list[dict[str, str]]:
    """Run the program with this last line, and return its records."""
    program = [sys.executable, "-c", PROGRAM + line]
    done = subprocess.run(program, check=False, capture_output=True, text=True)
    assert done.stderr == ""
    assert "opensesame" not in done.stdout
    assert "1234567890" not in done.stdout
    return [json.loads(record) for record in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("fail()", "ValueError: ***"),
        ("misread()", "input_value=***, input_type=dict"),
        ("in_thread(fail)", "ValueError: ***"),
        ("in_thread(misread)", "input_value=***, input_type=dict"),
        ("Ignored()", "ValueError: ***"),
    ],
)
def test_an_uncaught_exception(line: str, error: str) -> None:
    """An exception that nothing catches, in whichever thread, is one record without secrets."""
    (record,) = run(line)
    assert record["level"] in {"critical", "error"}
    assert error in record["exception"]


def test_a_thread_that_exits() -> None:
    """A thread that ends by SystemExit logs nothing, as in Python itself."""
    assert run("in_thread(end)") == []
