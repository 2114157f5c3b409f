"""Workers that sleep as long as a file says, so that a test can make a stage slow.

    dramatiq tests.monitoring.slow_worker:setup -Q detect -p 1 -t 1

Only deliver is attrai's own.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from attrai.actors.deliver import Deliver  # noqa: F401 - a stage is there by being imported
from attrai.actors.stage import Stage
from attrai.job import Failure, Job, StageName
from attrai.storage import PICTURE
from attrai.worker import start

NAME = "slow"
#: The variable that names a folder with a file for each slow stage: seconds.
FOLDER = "TEST_SLOW"


def sleep(stage: StageName) -> None:
    """Takes as long as is wanted of a stage."""
    file = Path(os.environ[FOLDER], stage)
    time.sleep(float(file.read_text()) if file.exists() else 0.01)


class Ingest(Stage):
    """Fetches nothing."""

    name = "ingest"

    def work(self, job: Job) -> Job:
        """Takes its time."""
        sleep(self.name)
        return job


class Detect(Stage):
    """Finds nothing."""

    name = "detect"

    def work(self, job: Job) -> Job:
        """Takes its time."""
        sleep(self.name)
        return job


class Score(Stage):
    """Scores nothing."""

    name = "score"

    def work(self, job: Job) -> Job:
        """Takes its time."""
        sleep(self.name)
        return job


class Render(Stage):
    """Draws nothing, but deliver wants a picture."""

    name = "render"

    def work(self, job: Job) -> Job:
        """Takes its time and leaves a file."""
        sleep(self.name)
        self.services.photos.write(job.id, PICTURE, b"picture")
        return job


class Channel:
    """Says nothing to nobody."""

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """Gives nothing."""
        return b""

    def deliver(self, job: Job, picture: bytes) -> None:
        """Keeps the picture for itself."""

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Keeps the reason for itself."""


def setup() -> None:
    """For dramatiq's command line."""
    start(lambda _: {NAME: Channel()})
