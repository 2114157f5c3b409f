"""Errors of `Estimates.eta()`: the estimate when a job arrives against the time until its answer.

    python -m bench.eta [--seed N]

It runs real RabbitMQ and Redis, the five stages as worker processes that sleep for varying times
instead of working (see bench/eta_worker.py), and jobs that arrive in bursts. After a third of the
time the slowest stage gets a second replica; after two thirds it loses one again.

An error is |estimate - real time| / real time. The last line is a summary. The exit status is 1
when the median error of all jobs is above the target, or a job was not answered.
"""

from __future__ import annotations

import argparse
import math
import random
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from attrai.job import STAGES, StageName
from bench.eta_worker import MEAN, ignore_signals
from bench.sleeping_chain import SleepingChain, await_that, sleeping_chain

TARGET = 0.25
#: Seconds during which jobs arrive.
SECONDS = 90
#: Warm-up jobs, from which an empty ledger learns how long each stage takes.
WARM_UP = 20
#: Range of the number of jobs in a burst, mean seconds between the jobs of a burst, mean seconds
#: between bursts, and their maximum: a longer rest would only leave a phase without jobs.
BURST, WITHIN, BETWEEN, LONGEST_REST = (5, 60), 0.01, 4.0, 10.0
#: The stage whose replicas change.
SLOWEST: StageName = max(MEAN, key=lambda stage: MEAN[stage])
PHASES = ("before", "with two", "after")


@dataclass
class Sent:
    """A job: its estimate when it was sent, and the time of its answer."""

    phase: str
    at: float
    estimate: float
    answered: float = math.inf

    @property
    def real(self) -> float:
        """Seconds until the answer."""
        return self.answered - self.at

    @property
    def error(self) -> float:
        """Relative error of the estimate, positive if it was too long."""
        return self.estimate / self.real - 1


class Load:
    """Sender of jobs that records their times and estimates."""

    def __init__(self, chain: SleepingChain, rng: random.Random) -> None:
        self.sent: dict[str, Sent] = {}  # by job id
        self._chain, self._rng = chain, rng

    def send(self, phase: str) -> None:
        """Send one job of random size, from a user who has no other."""
        job = self._chain.next_job(self._rng)
        self.sent[job.id] = Sent(phase, job.admitted_at, self._chain.ledger.estimates.eta())
        self._chain.submit(job)

    def burst(self, phase: str) -> None:
        """Send several jobs in quick succession, then rest."""
        for _ in range(self._rng.randint(*BURST)):
            self.send(phase)
            time.sleep(self._rng.expovariate(1 / WITHIN))
        time.sleep(min(self._rng.expovariate(1 / BETWEEN), LONGEST_REST))


def measure(seed: int) -> list[Sent]:
    """Run the benchmark once and return all its jobs."""
    with sleeping_chain("eta") as chain:
        load = Load(chain, random.Random(seed))
        chain.start(dict.fromkeys(STAGES, 1))
        for _ in range(WARM_UP):
            load.send("warm-up")
        await_that(lambda: chain.ledger.in_flight() == 0)
        started = time.monotonic()
        for number, phase in enumerate(PHASES, 1):
            if phase == "with two":
                chain.workers.add(SLOWEST)
            elif phase == "after":
                chain.workers.remove(SLOWEST)
            while time.monotonic() < started + number / len(PHASES) * SECONDS:
                load.burst(phase)
        await_that(lambda: chain.ledger.in_flight() == 0)

        for line in chain.answers.read_text().splitlines():
            job, answered = line.split()
            load.sent[job].answered = float(answered)
        return list(load.sent.values())


def describe(jobs: Sequence[Sent]) -> str:
    """Return a summary of some jobs as text."""
    errors = [job.error for job in jobs]
    reals = statistics.quantiles((job.real for job in jobs), n=20)
    return (
        f"{len(jobs):3} jobs, median error {statistics.median(map(abs, errors)):4.0%}, "
        f"signed {statistics.median(errors):+4.0%}, "
        f"real p50 {reals[9]:5.2f} s, p95 {reals[18]:5.2f} s"
    )


def end(*_: object) -> NoReturn:
    """Exit on a signal; further signals must not interrupt the cleanup."""
    ignore_signals()
    sys.exit(130)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    jobs = measure(arguments.seed)[WARM_UP:]
    answered = [job for job in jobs if job.real < math.inf]
    print(f"excluded: {WARM_UP} jobs of the warm-up, from which an empty ledger learns")
    for phase in PHASES:
        print(f"{phase:9}", describe([job for job in answered if job.phase == phase]))
    error = statistics.median(abs(job.error) for job in answered)
    lost = len(jobs) - len(answered)
    print(f"ETA: {describe(answered)}; {lost} unanswered; target at most {TARGET:.0%}")
    sys.exit(int(error > TARGET or lost > 0))


if __name__ == "__main__":
    main()
