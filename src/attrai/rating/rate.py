"""Rating files: from tasks to outcomes, through the embedded chain and the folder channel."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue

from attrai.errors import INTERNAL
from attrai.job import Job, job_id
from attrai.ledger import Ledger
from attrai.lifecycle.shutdown import Shutdown
from attrai.processes.embedded import embedded_chain, embedded_redis
from attrai.rating.folder import NAME, TARGET, FolderChannel
from attrai.rating.paths import Outcome, Task
from attrai.settings import Settings

#: No answer for so many seconds, and those still expected are given up.
PATIENCE = 300.0


def rate(
    tasks: Iterable[Task],
    settings: Settings,
    renderer: str,
    shutdown: Shutdown,
    *,
    threads: int,
    patience: float = PATIENCE,
) -> Iterator[Outcome]:
    """Rate photos, and yield each outcome as soon as it is there.

    Closing the iterator early, or the request for shutdown, finishes what a stage is doing and
    drops the rest.
    """
    answers: SimpleQueue[Job | None] = SimpleQueue()
    waiting: dict[str, Task] = {}

    def next_outcome() -> Iterator[Outcome]:
        try:
            job = answers.get(timeout=patience)
        except Empty:
            lost = list(waiting.values())
            waiting.clear()
            yield from (Outcome(task.source, failure=INTERNAL) for task in lost)
        else:
            if job is None:
                return  # there is nothing more to wait for
            task = waiting.pop(job.id, None)
            if task is None:
                return  # it was given up before
            if job.failure:
                yield Outcome(task.source, failure=job.failure)
            else:
                yield Outcome(task.source, task.target, job)

    channels = {NAME: FolderChannel()}
    # Enough in flight that no thread waits, few enough to bound memory and disk.
    most = 3 * threads
    ledger = Ledger(
        embedded_redis(), max_active=most, max_pending=most, lifetime=settings.job_seconds
    )
    with (
        embedded_chain(settings, ledger, channels, answers.put, threads=threads) as chain,
        shutdown.calling(lambda: answers.put(None)),
    ):
        for task in tasks:
            job = _job(task, renderer)
            waiting[job.id] = task
            while not shutdown.requested and chain.intake.submit(job) != "admitted":
                yield from next_outcome()
        while waiting and not shutdown.requested:
            yield from next_outcome()


def _job(task: Task, renderer: str) -> Job:
    now = time.time()
    return Job(
        id=job_id(NAME, str(task.source.absolute())),
        channel=NAME,
        address={TARGET: str(task.target)},
        user="local",
        source=str(task.source),
        renderer=renderer,
        admitted_at=now,
        queued_at=now,
    )
