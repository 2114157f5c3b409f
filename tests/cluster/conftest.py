"""Fixtures for workers in separate processes, with a real RabbitMQ and Redis."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from attrai.actors.stage import publish
from attrai.broker import Broker
from attrai.job import Job, job_id
from attrai.ledger import Ledger
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from testing.waiting import PATIENCE_S, wait_for
from tests.cluster.channel import ANSWERS, NAME
from tests.conftest import ASTRONAUT, ROOT

#: Seconds after which a test stops waiting for an answer: some photos need four workers, one after
#: the other.
_ANSWER_S = 2 * PATIENCE_S


class Worker:
    """A stage's worker process, restarted whenever it ends, as Swarm does."""

    def __init__(
        self, stage: str, log: Path, module: str = "tests.cluster.channel:setup", **environment: str
    ) -> None:
        self.log, self.starts = log, 0
        self._environment = {**os.environ, **environment}
        self._command = [sys.executable, "-m", "dramatiq", module, f"attrai.actors.{stage}"]
        self._command += ["-Q", stage, "-p", "1", "-t", "1"]
        # Held while a process is started, so that none is that `end` would not know of.
        self._starting = threading.Lock()
        self._ending = False
        self._start()
        self._thread = threading.Thread(target=self._keep_running)
        self._thread.start()

    def _start(self) -> None:
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, stdout=log, stderr=log, env=self._environment
            )

    def _keep_running(self) -> None:
        while True:
            self.process.wait()
            with self._starting:
                if self._ending:
                    return
                self._start()

    def kill(self) -> None:
        """Kill the worker; it is restarted."""
        # Its processes do the work, and would go on without the one that started them.
        started = psutil.Process(self.process.pid)
        for process in (*started.children(recursive=True), started):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def end(self) -> None:
        """Have the worker finish its message and end, without restarting it."""
        with self._starting:
            if not self._ending:  # a second signal would kill it
                self._ending = True
                self.process.terminate()

    def stop(self) -> None:
        """End the worker, and wait until it has finished its message and is gone."""
        self.end()
        self._thread.join(PATIENCE_S)
        if self._thread.is_alive():
            raise TimeoutError(f"a worker does not end; see {self.log}")


class Cluster:
    """A chain on real servers: its workers, its answers and the state in the servers."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.answers_file = folder / "answers"
        self.ledger: Ledger = make_ledger(open_redis(settings), settings)
        self.broker: Broker = make_broker(settings, [])
        self.workers: dict[str, Worker] = {}

    def start(self, *stages: str) -> None:
        """Start workers, and wait until they consume messages."""
        for stage in stages:
            self.workers[stage] = Worker(stage, self.folder / f"{stage}.log")
        wait_for(
            lambda: all(self.ledger.estimates.loads()[stage].workers for stage in stages),
            f"{stages} did not start",
        )

    def job(self, number: int, source: str | Path = ASTRONAUT) -> Job:
        """Return a new job for the photo `source`."""
        now = time.time()
        return Job(
            id=job_id(NAME, number),
            channel=NAME,
            address={"chat": 1_234_567_890 + number},
            user=f"user-{number}",
            source=str(source),
            renderer="boxes",
            admitted_at=now,
            queued_at=now,
        )

    def submit(self, job: Job) -> Job:
        """Admit a job and publish it to ingest."""
        assert self.ledger.admit(job) == "admitted"
        publish(self.broker, "ingest", job)
        return job

    def answers(self) -> dict[str, list[str]]:
        """Return the answers so far, by job id."""
        found: dict[str, list[str]] = {}
        if self.answers_file.exists():
            for line in self.answers_file.read_text().splitlines():
                job, answer = line.split()
                found.setdefault(job, []).append(answer)
        return found

    def wait_for_answer(self, job: Job) -> list[str]:
        """Wait until a job is answered and its slot is free, and return its answers.

        Its worker still deletes files and logs what it has done: see `stop`.
        """
        wait_for(lambda: job.id in self.answers(), f"no answer; see {self.folder}/*.log", _ANSWER_S)
        wait_for(lambda: not self.ledger.holds(job.id), "the slot is still taken")
        return self.answers()[job.id]

    def stop(self) -> None:
        """Stop all workers once each has finished its message, and logged that it has."""
        for worker in self.workers.values():
            worker.end()
        for worker in self.workers.values():
            worker.stop()

    def logs(self) -> str:
        """Stop all workers, and return all that they wrote."""
        self.stop()
        return "".join(worker.log.read_text() for worker in self.workers.values())

    def records(self) -> list[dict[str, Any]]:
        """Stop all workers, and return all that they logged."""
        return [json.loads(line) for line in self.logs().splitlines() if line.startswith("{")]


@pytest.fixture
def cluster(
    redis_url: str, amqp_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """Return an empty cluster without workers; no photos may be left at the end."""
    (tmp_path / "photos").mkdir()
    variables = {
        "ATTRAI_BROKER_URL": amqp_url,
        "ATTRAI_REDIS_URL": redis_url,
        "ATTRAI_PHOTOS_URL": f"file://{tmp_path}/photos",
        "ATTRAI_LOG_LEVEL": "info",
        "TMPDIR": str(tmp_path),
        ANSWERS: str(tmp_path / "answers"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    running = Cluster(Settings(), tmp_path)
    yield running
    running.stop()
    running.broker.close()
    assert os.listdir(tmp_path / "photos") == []  # noqa: PTH208 - hidden files count as well
