"""Tests for starting and stopping the server, also in the middle of requests."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from telegram_sandbox import Faults, Sandbox, running
from testing.waiting import PATIENCE_S, wait_for


def test_stopping_ends_what_waits(sandbox: Sandbox) -> None:
    """Stopping ends streams, long polls and hanging calls, and the sandbox can be served again."""
    sandbox.faults = Faults(timeout=1, timeout_seconds=600, methods={"getMe"})
    with ThreadPoolExecutor() as threads:
        with running(sandbox) as url:
            bot = f"{url}/bot{sandbox.token}"
            stream = threads.submit(requests.get, f"{url}/page/events", timeout=PATIENCE_S)
            # These two clients time out before an unstopped server would answer (50 s and 600 s).
            poll = threads.submit(requests.get, f"{bot}/getUpdates?timeout=50", timeout=45)
            silence = threads.submit(requests.get, f"{bot}/getMe", timeout=PATIENCE_S)
            wait_for(lambda: len(sandbox.state._listeners) == 2)
        assert b'{"blocked": false}' in stream.result(PATIENCE_S).content
        assert poll.result(PATIENCE_S).json() == {"ok": True, "result": []}
        assert isinstance(silence.exception(PATIENCE_S), requests.exceptions.ConnectionError)
    sandbox.user().send_text("hi")
    with running(sandbox) as url:
        answer = requests.get(f"{url}/bot{sandbox.token}/getUpdates", timeout=PATIENCE_S)
        assert len(answer.json()["result"]) == 1


def test_serving_ends_with_an_interrupt() -> None:
    """On 0.0.0.0 the sandbox answers to any host name, and Ctrl-C ends it without a traceback."""
    command = [sys.executable, "-m", "attrai", "sandbox", "--host", "0.0.0.0", "--port", "0"]  # noqa: S104
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = re.search(r":(\d+) in a browser", process.stdout.readline())
        assert port is not None
        assert _answers(int(port[1]))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, output, errors) == (130, "", "")


def _answers(port: int) -> bool:
    address = f"http://127.0.0.1:{port}/bot1000:sandbox/getMe"
    try:
        return requests.get(address, headers={"Host": "sandbox.example"}, timeout=PATIENCE_S).ok
    except requests.exceptions.ConnectionError:
        return False


def test_upload_that_breaks_off_is_no_news(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that disconnects in the middle of an upload causes no logged error."""
    with running(sandbox) as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        for path in ("/bot1000:sandbox/sendPhoto", "/page/messages"):
            with socket.create_connection(address) as connection:
                head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
                kind = "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
                connection.sendall(f"{head}{kind}--x\r\n".encode())
        assert requests.get(f"{url}/bot{sandbox.token}/getMe", timeout=PATIENCE_S).ok
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_taken_port_is_an_error(sandbox: Sandbox) -> None:
    """A port that is in use raises an error instead of being replaced by another."""
    with running(sandbox) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), running(sandbox, port):
            pass
