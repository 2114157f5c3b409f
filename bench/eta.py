"""How far `Ledger.eta()`, read when a job comes, is from the time until its answer.

    python -m bench.eta [--seed N]

Real RabbitMQ and Redis, the five stages as worker processes that sleep for uneven times
instead of working (see bench/eta_worker.py), and jobs that come in bursts. After a third of
the time the slowest stage gets a second replica; after two thirds it loses one again.

An error is |estimate - real time| / real time. The last line sums up; the exit status is 1
when the median error of all jobs is above the target, or a job was not answered.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import dramatiq

from attrai import broker as attrai_broker
from attrai.actors.stage import publish
from attrai.contract import STAGES, Job, StageName, job_id
from attrai.ledger import Ledger
from attrai.settings import Settings
from bench.eta_worker import ANSWERS, MEAN, NAME, PHOTOS, uneven
from tests.servers import RabbitServer, RedisServer

ROOT = Path(__file__).parents[1]
TARGET = 0.25
#: How long jobs come.
SECONDS = 90
#: Jobs before the others, from which an empty ledger learns how long each stage takes.
WARM_UP = 20
#: Jobs in a burst, the mean seconds between jobs of a burst, and between bursts, where a
#: longer rest than the last would only leave a phase without jobs.
BURST, WITHIN, BETWEEN, LONGEST_REST = (5, 60), 0.01, 4.0, 10.0
#: The stage whose replicas change.
SLOWEST: StageName = max(MEAN, key=lambda stage: MEAN[stage])
#: Seconds to wait for a worker's start or end, and for the last answers.
PATIENCE = 60
PHASES = ("before", "with two", "after")


class Sent(NamedTuple):
    """A job as it was sent."""

    id: str
    phase: str
    at: float
    estimate: float


class Sample(NamedTuple):
    """An answered job: what was foretold and what came."""

    phase: str
    estimate: float
    real: float

    @property
    def error(self) -> float:
        """How much too long the estimate was, as a part of the real time."""
        return self.estimate / self.real - 1


class Workers:
    """The worker processes, all of which end with the run."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("ab")
        self._processes: list[tuple[StageName, subprocess.Popen[bytes]]] = []

    def add(self, stage: StageName) -> None:
        """Starts a worker of a stage."""
        command = [sys.executable, "-m", "dramatiq", "bench.eta_worker:setup"]
        command += ["-Q", stage, "-p", "1", "-t", "1"]
        process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            cwd=ROOT,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is for the benchmark, which then ends it
        )
        self._processes.append((stage, process))

    def remove(self, stage: StageName) -> None:
        """Ends the latest worker of a stage in order, without waiting for it."""
        # Only dramatiq's first process: it tells the others, and a second signal kills them.
        [process for name, process in self._processes if name == stage][-1].terminate()

    def stop(self) -> None:
        """Ends all of them."""
        for _, process in self._processes:
            process.terminate()
        deadline = time.monotonic() + PATIENCE
        for _, process in self._processes:
            try:
                process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._log.close()


class Load:
    """Sends jobs and remembers when, and what the ledger foretold."""

    def __init__(self, ledger: Ledger, rabbitmq: dramatiq.Broker, rng: random.Random) -> None:
        self.sent: list[Sent] = []
        self._ledger, self._rabbitmq, self._rng = ledger, rabbitmq, rng

    def send(self, phase: str) -> None:
        """One job, of whatever size, of a user who has no other."""
        number, now = len(self.sent), time.time()
        job = Job(
            id=job_id(NAME, number),
            channel=NAME,
            address={"chat": number},
            user=f"user-{number}",
            source=str(uneven(self._rng, PHOTOS)),
            renderer="boxes",
            admitted_at=now,
            queued_at=now,
        )
        self.sent.append(Sent(job.id, phase, now, self._ledger.eta()))
        if self._ledger.admit(job) != "admitted":
            raise RuntimeError("the ledger is full")
        publish(self._rabbitmq, "ingest", job)

    def burst(self, phase: str) -> None:
        """Some jobs at once, then a rest."""
        for _ in range(self._rng.randint(*BURST)):
            self.send(phase)
            time.sleep(self._rng.expovariate(1 / WITHIN))
        time.sleep(min(self._rng.expovariate(1 / BETWEEN), LONGEST_REST))


def wait_until(ready: Callable[[], bool], what: str) -> None:
    """Waits, but not for ever."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


def measure(seed: int) -> tuple[list[Sample], int]:
    """One run; its answered jobs without the warm-up, and how many went without an answer."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="eta-")))
        rabbit = stack.enter_context(RabbitServer())
        redis = stack.enter_context(RedisServer())
        answers = folder / "answers"
        answers.touch()
        os.environ |= {
            "ATTRAI_BROKER_URL": rabbit.url,
            "ATTRAI_REDIS_URL": redis.url,
            "ATTRAI_PHOTOS_URL": f"file://{folder}",
            "TMPDIR": str(folder),  # of the workers' signs of life
            ANSWERS: str(answers),
        }
        settings = Settings()
        ledger = attrai_broker.open_ledger(settings)
        workers = Workers(folder / "log")
        stack.callback(workers.stop)
        for stage in STAGES:
            workers.add(stage)
        wait_until(lambda: all(load.workers for load in ledger.loads().values()), "no workers")

        load = Load(ledger, attrai_broker.make_broker(settings, []), random.Random(seed))
        for _ in range(WARM_UP):
            load.send("warm-up")
        wait_until(lambda: ledger.in_flight() == 0, "no answers")
        changes = [lambda: None, lambda: workers.add(SLOWEST), lambda: workers.remove(SLOWEST)]
        started = time.monotonic()
        for number, (phase, change) in enumerate(zip(PHASES, changes, strict=True), 1):
            change()
            while time.monotonic() < started + number / len(PHASES) * SECONDS:
                load.burst(phase)
        wait_until(lambda: ledger.in_flight() == 0, f"see {folder}: answers are missing")

        times = dict(line.split() for line in answers.read_text().splitlines())
        samples = [
            Sample(job.phase, job.estimate, float(times[job.id]) - job.at)
            for job in load.sent[WARM_UP:]
            if job.id in times
        ]
        return samples, len(load.sent) - len(times)


def describe(samples: Sequence[Sample]) -> str:
    """The figures of some jobs."""
    errors = [sample.error for sample in samples]
    reals = statistics.quantiles((sample.real for sample in samples), n=20)
    return (
        f"{len(samples):4} jobs, median error {statistics.median(map(abs, errors)):4.0%}, "
        f"signed {statistics.median(errors):+4.0%}, "
        f"real p50 {reals[9]:5.2f} s, p95 {reals[18]:5.2f} s"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    samples, lost = measure(arguments.seed)
    print(f"excluded: {WARM_UP} jobs of the warm-up, which find an empty ledger")
    for phase in PHASES:
        print(f"{phase:9}", describe([sample for sample in samples if sample.phase == phase]))
    error = statistics.median(abs(sample.error) for sample in samples)
    print(f"ETA: {describe(samples)}, {lost} unanswered; target {TARGET:.0%}")
    sys.exit(int(error > TARGET or lost > 0))


if __name__ == "__main__":
    main()
