"""The report: a line for everything that was done or checked."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

_SHOWN = 20


class Report:
    """Says what happens, and remembers whether all of it held."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._failed = 0

    def say(self, line: str) -> None:
        """A line without judgement."""
        sys.stdout.write(f"{time.monotonic() - self._started:4.0f} s  {line}\n")
        sys.stdout.flush()

    def done(self, what: str) -> None:
        """Something was done."""
        self.say(f"done  {what}")

    def check(self, what: str, problems: Sequence[str]) -> None:
        """Something was checked; it holds when there are no problems."""
        self.say(f"{'FAIL' if problems else 'ok  '}  {what}")
        for problem in problems[:_SHOWN]:
            self.say(f"        {problem}")
        self._failed += bool(problems)

    def finish(self) -> int:
        """The last line, and the exit status."""
        self.say(f"{self._failed} checks failed" if self._failed else "All holds.")
        return int(self._failed > 0)
