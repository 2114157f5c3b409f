"""Workers that sleep for a time read from a file, so that a test can slow a stage down.

    dramatiq tests.monitoring.slow_worker:setup -Q detect -p 1 -t 1

Only the deliver stage is attrai's own.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from attrai.actors.deliver import Deliver  # noqa: F401 - importing a stage registers it
from attrai.actors.stage import Stage
from attrai.job import Failure, Job, StageName
from attrai.storage import PICTURE
from attrai.worker import start

NAME = "slow"
#: Environment variable that names a folder with a file for each slow stage, holding its seconds.
FOLDER = "TEST_SLOW"


def sleep(stage: StageName) -> None:
    """Sleep for the time set for a stage, 10 ms by default."""
    file = Path(os.environ[FOLDER], stage)
    time.sleep(float(file.read_text()) if file.exists() else 0.01)


class Ingest(Stage):
    """Ingest stage that fetches nothing."""

    name = "ingest"

    def work(self, job: Job) -> Job:
        sleep(self.name)
        return job


class Detect(Stage):
    """Detect stage that finds no faces."""

    name = "detect"

    def work(self, job: Job) -> Job:
        sleep(self.name)
        return job


class Score(Stage):
    """Score stage that scores nothing."""

    name = "score"

    def work(self, job: Job) -> Job:
        sleep(self.name)
        return job


class Render(Stage):
    """Render stage that draws nothing but writes a picture, which deliver expects."""

    name = "render"

    def work(self, job: Job) -> Job:
        sleep(self.name)
        self.services.photos.write(job.id, PICTURE, b"picture")
        return job


class Channel:
    """Channel that discards all answers."""

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        return b""

    def deliver(self, job: Job, picture: bytes) -> None:
        """Discard the picture."""

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Discard the failure."""


def setup() -> None:
    """Entry point for dramatiq's command line."""
    start(lambda *_: {NAME: Channel()})
