"""Workers that sleep instead of working, so that only the queues and the estimate are tested.

    dramatiq bench.eta_worker:setup -Q detect -p 1 -t 1

Only the deliver stage is attrai's own; its channel sleeps and records the time of the answer.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import psutil

from attrai.actors.deliver import Deliver
from attrai.actors.stage import Stage
from attrai.job import Failure, Job, StageName
from attrai.storage import PICTURE
from attrai.worker import start

ROOT = Path(__file__).parents[1]
NAME = "eta"
#: Seconds to wait for workers to start or end, or for answers.
PATIENCE = 60
#: Environment variable that names the file to which each answer's job id and time are appended.
ANSWERS = "ETA_ANSWERS"
#: Mean seconds of work of each stage.
MEAN: dict[StageName, float] = {
    "ingest": 0.010,
    "detect": 0.060,
    "score": 0.080,
    "render": 0.015,
    "deliver": 0.005,
}
#: Smallest and largest time of work on a job, as a multiple of the mean.
LEAST, MOST = 0.3, 4.0
#: Sigma of the log-normal variation between photos (as with their numbers of faces), and between
#: the stages of one photo.
PHOTOS, STAGES = 0.6, 0.3


def uneven(rng: random.Random, sigma: float) -> float:
    """Return a random factor with mean 1, usually slightly smaller and sometimes much larger."""
    return rng.lognormvariate(-sigma * sigma / 2, sigma)


def toil(job: Job, stage: StageName) -> None:
    """Sleep as long as the stage would work; the time is the same for the same seed."""
    # A job's source holds its size, the factor by which it takes longer than the mean.
    factor = float(job.source) * uneven(random.Random(f"{job.source} {stage}"), STAGES)
    time.sleep(MEAN[stage] * min(max(factor, LEAST), MOST))


class _Sleeps:
    """Mixin for a stage that sleeps; not itself a `Stage`, because `Boot` declares all of those."""

    name: ClassVar[StageName]

    def work(self, job: Job) -> Job:
        """Sleep as long as the stage would work."""
        toil(job, self.name)
        return job


class Ingest(_Sleeps, Stage):
    """Ingest stage that fetches nothing."""

    name = "ingest"


class Detect(_Sleeps, Stage):
    """Detect stage that finds no faces."""

    name = "detect"


class Score(_Sleeps, Stage):
    """Score stage that scores nothing."""

    name = "score"


class Render(_Sleeps, Stage):
    """Render stage that draws nothing but writes a picture, which deliver expects."""

    name = "render"

    def work(self, job: Job) -> Job:
        """Write a picture and sleep."""
        self.services.photos.write(job.id, PICTURE, b"picture")
        return super().work(job)


class SlowChannel:
    """Channel that sleeps, then records the time of the answer."""

    def __init__(self, answers: Path) -> None:
        self._answers = answers

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """Raise an error: ingest fetches nothing in this benchmark."""
        raise NotImplementedError

    def deliver(self, job: Job, picture: bytes) -> None:  # noqa: ARG002 - the protocol has it
        """Sleep, then append the job's id and the time to the file of answers."""
        toil(job, Deliver.name)
        with self._answers.open("a") as file:
            file.write(f"{job.id} {time.time()}\n")

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Do nothing: no job should fail here, and one without an answer is noticed."""


def setup() -> None:
    """Start the workers; the entry point for dramatiq's command line."""
    start(lambda *_: {NAME: SlowChannel(Path(os.environ[ANSWERS]))})


def ignore_signals() -> None:
    """Ignore signals during the cleanup, which would otherwise leave something behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


class Workers:
    """Worker processes, all of which end with the run."""

    def __init__(self, log: Path, setup: str) -> None:
        self._path, self._log, self._setup = log, log.open("ab"), setup
        self._processes: list[tuple[StageName, subprocess.Popen[bytes]]] = []

    def add(self, stage: StageName) -> None:
        """Start a worker of a stage."""
        command = [sys.executable, "-m", "dramatiq", self._setup]
        command += ["-Q", stage, "-p", "1", "-t", "1"]
        # Ctrl-C is meant for the benchmark, which then stops the worker: hence a new session.
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=ROOT, stdout=self._log, stderr=self._log, start_new_session=True
        )
        self._processes.append((stage, process))

    def remove(self, stage: StageName) -> None:
        """Terminate the latest worker of a stage, without waiting for it."""
        # Signal only dramatiq's master: it stops its workers, and a second signal would kill them.
        [process for name, process in self._processes if name == stage][-1].terminate()

    def logged(self) -> str:
        """Return everything that the workers logged."""
        return self._path.read_text()

    def stop(self) -> None:
        """Terminate all workers, and kill any process that would outlive this one."""
        ignore_signals()
        for _, process in self._processes:
            process.terminate()
        for _, process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        self._log.close()
