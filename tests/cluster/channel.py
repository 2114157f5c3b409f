"""Workers like attrai's own, except that their channel reads photos and logs answers in files."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from attrai.actors.stage import TIME_LIMIT_MS
from attrai.channels import Member
from attrai.job import Failure, Job
from attrai.processes.watchdog import GRACE_SECONDS
from attrai.services import open_channels
from attrai.worker import start

NAME = "test"
#: The environment variable with the path of the file to which answers are appended.
ANSWERS = "TEST_ANSWERS"
#: A source that kills the process that fetches it, and a file beside the answers that kills the
#: first process to answer an album.
DEADLY = "deadly"
#: Sources that hang outside of Python for longer than any test, with the GIL released and held.
HANGS, HOLDS_GIL = "hangs", "holds-gil"
#: The environment variables with the workers' time limit and how much longer they may hang, in ms.
TIME_LIMIT, GRACE = "TEST_TIME_LIMIT", "TEST_GRACE"


class AnswersFile:
    """A channel that reads photos from files and appends each answer to a file.

    An answer is a line written at once, so it is complete even if its writer is killed; that of an
    album is a line for each photo.
    """

    def __init__(self, answers: Path) -> None:
        self._answers = answers

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        if job.source == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        if job.source == HANGS:
            ctypes.CDLL(None).sleep(3600)
        if job.source == HOLDS_GIL:
            ctypes.PyDLL(None).sleep(3600)
        with Path(job.source).open("rb") as file:
            return file.read(max_bytes + 1)

    def deliver(self, job: Job, picture: bytes) -> None:
        """Record that a picture was delivered."""
        self._write(job, "picture" if picture.startswith(b"\xff\xd8") else "rubbish")

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Record that a failure message was sent."""
        self._write(job, failure.code)

    def deliver_album(self, members: Sequence[Member], unconfirmed_sends: int) -> None:
        """Record for each photo how many were answered with it, or die if that is to be."""
        deadly = self._answers.with_name(DEADLY)
        if deadly.exists():
            deadly.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        self._append("".join(f"{job.id} of-{len(members)}\n" for _, job, _ in members))

    def _write(self, job: Job, answer: str) -> None:
        self._append(f"{job.id} {answer}\n")

    def _append(self, lines: str) -> None:
        file = os.open(self._answers, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, lines.encode())
        finally:
            os.close(file)


def setup() -> None:
    """Start a worker, which has attrai's own channels as well; for dramatiq's command line."""
    start(
        lambda *services: {
            NAME: AnswersFile(Path(os.environ[ANSWERS])),
            **open_channels(*services),
        },
        time_limit_ms=int(os.environ.get(TIME_LIMIT, TIME_LIMIT_MS)),
        grace_seconds=float(os.environ.get(GRACE, GRACE_SECONDS * 1000)) / 1000,
    )
