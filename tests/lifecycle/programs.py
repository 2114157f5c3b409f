"""Small Python programs that tests start and end by signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from testing.waiting import PATIENCE_S


@contextmanager
def program(*arguments: str, ignored: signal.Signals | None = None) -> Iterator[Program]:
    """Run Python with these arguments during the block, with a signal ignored as under `nohup`."""
    command = [sys.executable, *arguments]
    if ignored is not None:
        ignoring = f"trap '' {ignored.name.removeprefix('SIG')}; exec \"$@\""
        command = ["/bin/sh", "-c", ignoring, "sh", *command]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONFAULTHANDLER": ""},
    ) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


class Program:
    """A running program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def line(self) -> str:
        """Return the next line that the program prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self._process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        """Wait for the program to exit; return its status and the rest of its stdout and stderr."""
        output, errors = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, output, errors
