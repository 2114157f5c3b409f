"""Workers whose channel writes down every answer: attrai's own, but for the chats."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from attrai.job import Failure, Job
from attrai.worker import start

NAME = "test"
#: The variable that names the file to which answers are appended.
ANSWERS = "TEST_ANSWERS"
#: A source that kills whoever fetches it.
DEADLY = "deadly"


class AnswersFile:
    """Photos are files; an answer is a line in a file, whole even when its writer is killed."""

    def __init__(self, answers: Path) -> None:
        self._answers = answers

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """The photo's file."""
        if job.source == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        with Path(job.source).open("rb") as file:
            return file.read(max_bytes + 1)

    def deliver(self, job: Job, picture: bytes) -> None:
        """Writes down a picture."""
        self._write(job, "picture" if picture.startswith(b"\xff\xd8") else "rubbish")

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Writes down an apology."""
        self._write(job, failure.code)

    def _write(self, job: Job, answer: str) -> None:
        file = os.open(self._answers, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, f"{job.id} {answer}\n".encode())
        finally:
            os.close(file)


def setup() -> None:
    """For dramatiq's command line."""
    start(lambda _: {NAME: AnswersFile(Path(os.environ[ANSWERS]))})
