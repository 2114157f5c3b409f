"""Workers that sleep instead of working, so that only the queues and the estimate are tested.

    dramatiq bench.eta_worker:setup -Q detect -p 1 -t 1

Only deliver is attrai's own; its channel sleeps and notes when the answer was out.
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
#: Seconds to wait for a worker's start or end, or for answers.
PATIENCE = 60
#: The variable that names the file to which the answers are appended: id and time.
ANSWERS = "ETA_ANSWERS"
#: The mean seconds of work of each stage.
MEAN: dict[StageName, float] = {
    "ingest": 0.010,
    "detect": 0.060,
    "score": 0.080,
    "render": 0.015,
    "deliver": 0.005,
}
#: How much longer or shorter than the mean the work on a job may be.
LEAST, MOST = 0.3, 4.0
#: How unequal photos are, by the number of their faces, and stages with the same photo.
PHOTOS, STAGES = 0.6, 0.3


def uneven(rng: random.Random, sigma: float) -> float:
    """A factor whose mean is 1, most often a bit less and at times much more."""
    return rng.lognormvariate(-sigma * sigma / 2, sigma)


def toil(job: Job, stage: StageName) -> None:
    """Sleeps as long as the stage would work; a run with the same seed sleeps as long."""
    # A job's source is its size, the factor by which it takes longer than others.
    factor = float(job.source) * uneven(random.Random(f"{job.source} {stage}"), STAGES)
    time.sleep(MEAN[stage] * min(max(factor, LEAST), MOST))


class _Sleeps:
    """The work of a stage; no `Stage` itself, for `Boot` declares each of those."""

    name: ClassVar[StageName]

    def work(self, job: Job) -> Job:
        """Takes its time."""
        toil(job, self.name)
        return job


class Ingest(_Sleeps, Stage):
    """Fetches nothing."""

    name = "ingest"


class Detect(_Sleeps, Stage):
    """Finds nothing."""

    name = "detect"


class Score(_Sleeps, Stage):
    """Scores nothing."""

    name = "score"


class Render(_Sleeps, Stage):
    """Draws nothing, but deliver wants a picture."""

    name = "render"

    def work(self, job: Job) -> Job:
        """Takes its time and leaves a file."""
        self.services.photos.write(job.id, PICTURE, b"picture")
        return super().work(job)


class SlowChannel:
    """Takes its time, then notes that the answer is out."""

    def __init__(self, answers: Path) -> None:
        self._answers = answers

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """Never asked for: ingest takes its time here and fetches nothing."""
        raise NotImplementedError

    def deliver(self, job: Job, picture: bytes) -> None:  # noqa: ARG002 - the protocol's
        """Notes the time."""
        toil(job, Deliver.name)
        with self._answers.open("a") as file:
            file.write(f"{job.id} {time.time()}\n")

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Never needed: nothing fails here, and a job without an answer shows."""


def setup() -> None:
    """For dramatiq's command line."""
    start(lambda _: {NAME: SlowChannel(Path(os.environ[ANSWERS]))})


def ignore_signals() -> None:
    """Lets no signal end the cleaning up, which would leave something behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


class Workers:
    """The worker processes, all of which end with the run."""

    def __init__(self, log: Path, setup: str) -> None:
        self._path, self._log, self._setup = log, log.open("ab"), setup
        self._processes: list[tuple[StageName, subprocess.Popen[bytes]]] = []

    def add(self, stage: StageName) -> None:
        """Starts a worker of a stage."""
        command = [sys.executable, "-m", "dramatiq", self._setup]
        command += ["-Q", stage, "-p", "1", "-t", "1"]
        # Ctrl-C is for the benchmark, which then ends the worker: hence a session of its own.
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=ROOT, stdout=self._log, stderr=self._log, start_new_session=True
        )
        self._processes.append((stage, process))

    def remove(self, stage: StageName) -> None:
        """Ends the latest worker of a stage in order, without waiting for it."""
        # Only dramatiq's first process: it tells the others, and a second signal kills them.
        [process for name, process in self._processes if name == stage][-1].terminate()

    def logged(self) -> str:
        """All that they wrote."""
        return self._path.read_text()

    def stop(self) -> None:
        """Ends all of them in order, and by force whatever would outlive this process."""
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
