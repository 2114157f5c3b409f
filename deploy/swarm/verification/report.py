"""The test's report: a line for each completed step and each check."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

_SHOWN = 20


class Report:
    """A report that prints lines as they come and counts the failed checks."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._failed = 0

    def say(self, line: str) -> None:
        """Print a line with the seconds since the start."""
        sys.stdout.write(f"{time.monotonic() - self._started:4.0f} s  {line}\n")
        sys.stdout.flush()

    def done(self, what: str) -> None:
        """Report a completed step."""
        self.say(f"done  {what}")

    def check(self, what: str, problems: Sequence[str]) -> None:
        """Report a check, which fails if there are any problems; the first 20 are printed."""
        self.say(f"{'FAIL' if problems else 'ok  '}  {what}")
        for problem in problems[:_SHOWN]:
            self.say(f"        {problem}")
        self._failed += bool(problems)

    def finish(self) -> int:
        """Print the result, and return the exit status: 0, or 1 if a check failed."""
        self.say(f"{self._failed} checks failed" if self._failed else "All holds.")
        return int(self._failed > 0)
