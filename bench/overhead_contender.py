"""A contender of `bench.overhead`: its workers, its jobs and its results."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from attrai.job import STAGES
from attrai.lifecycle.allocation import worker_environment
from bench.overhead_ends import Ends

ROOT = Path(__file__).parents[1]
#: Seconds between two jobs, in which the stages finish their work after an answer.
PAUSE = 0.02
#: Seconds after which unfinished jobs count as lost; they include the start of the workers.
PATIENCE = 60

#: Function that prepares the job with a given number and returns a function that publishes it.
Prepare = Callable[[int], Callable[[], None]]


class Workers:
    """Processes of a contender, which end with it."""

    def __init__(self, name: str, folder: Path) -> None:
        self._folder, self._log = folder, folder / f"{name}.log"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, commands: Sequence[list[str]]) -> None:
        """Start the processes; if this is interrupted, `stop` ends those already started."""
        # A prefetch of one for bare dramatiq; attrai's workers set it themselves.
        own = {"dramatiq_queue_prefetch": "1", "TMPDIR": str(self._folder)}
        with self._log.open("ab") as log:
            for command in commands:
                self._processes.append(
                    subprocess.Popen(  # noqa: S603 - our own program
                        [sys.executable, "-m", *command],
                        cwd=ROOT,
                        env=worker_environment(next(filter(STAGES.__contains__, command), ""))
                        | own,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,  # Ctrl-C is for the driver, which stops them
                    )
                )

    def check(self) -> None:
        """Check that all processes are running.

        Raises:
            RuntimeError: a process has ended.
        """
        if any(process.poll() is not None for process in self._processes):
            tail = self._log.read_text(errors="replace")[-3000:]
            raise RuntimeError(f"a worker ended: {tail}")

    def stop(self) -> None:
        """Kill the processes and their children; none of them needs an orderly shutdown."""
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Contender:
    """One implementation of the chain."""

    def __init__(self, name: str, prepare: Prepare, workers: Workers, ends: Ends) -> None:
        self.name, self.times, self.rates = name, list[float](), list[float]()
        self._prepare, self._workers, self._ends = prepare, workers, ends
        self._sent = 0

    def one_at_a_time(self, jobs: int) -> None:
        """Send each job after the previous one has finished, and record the times."""
        for _ in range(jobs):
            started, ended = self._send(1)
            self.times.append(1000 * (ended - started))
            time.sleep(PAUSE)

    def at_once(self, jobs: int) -> None:
        """Send all jobs as fast as possible, and record the rate."""
        started, ended = self._send(jobs)
        self.rates.append(jobs / (ended - started))

    def _send(self, jobs: int) -> tuple[float, float]:
        """Return the Unix times when the first job was published and when the last one finished."""
        numbers = range(self._sent, self._sent + jobs)
        self._sent += jobs
        publications = [self._prepare(number) for number in numbers]
        started = time.time()
        for publication in publications:
            publication()
        missing, ended, deadline = set(numbers), started, time.monotonic() + PATIENCE
        while missing:
            if end := self._ends.take(1):
                missing.discard(end[0])
                ended = max(ended, end[1])
            elif time.monotonic() > deadline:
                raise RuntimeError(f"{self.name}: {len(missing)} of {jobs} jobs did not end")
            else:
                self._workers.check()
        return started, ended

    def row(self, celery: Contender) -> str:
        """Return the results as a row of the table."""
        median, p95 = statistics.median(self.times), statistics.quantiles(self.times, n=20)[-1]
        rate = f"{statistics.median(self.rates):.0f}" if self.rates else "-"
        ratio = median / statistics.median(celery.times)
        return f"{self.name:15}{median:9.2f}{p95:9.2f}{rate:>10}{ratio:11.2f}"
