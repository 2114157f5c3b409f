"""Workers whose clock is wrong, and whose channel is busy when a job comes for the first time."""

from __future__ import annotations

import os
import time
from pathlib import Path

from attrai.errors import TryLater
from attrai.job import Job
from attrai.worker import start
from tests.cluster.channel import ANSWERS, NAME, AnswersFile

#: The environment variable with the seconds by which the clock of the process is ahead.
AHEAD = "TEST_CLOCK_AHEAD"


class BusyAtFirst(AnswersFile):
    """A channel that asks each job to come again a second later."""

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        self._once(job, "fetch")
        return super().fetch(job, max_bytes)

    def deliver(self, job: Job, picture: bytes) -> None:
        self._once(job, "deliver")
        super().deliver(job, picture)

    def _once(self, job: Job, what: str) -> None:
        seen = self._answers.with_name(f"{job.id}.{what}")
        if not seen.exists():
            seen.touch()
            raise TryLater("busy", 1)


def setup() -> None:
    """Start a worker; the entry point for dramatiq's command line."""
    ahead, right = float(os.environ[AHEAD]), time.time
    # The process's own clock, as libfaketime would do.
    time.time = lambda: right() + ahead
    start(lambda *_: {NAME: BusyAtFirst(Path(os.environ[ANSWERS]))})
