"""The chain in Celery for `bench.overhead`: as safe as attrai's, and otherwise as lean as possible.

It uses late acknowledgements, publisher confirms and a prefetch of one, as attrai does, without
results, events or logs at info level. The prefork pool is Celery's default. The solo pool avoids
the pipe to a child process and is faster with one job at a time. With late acknowledgements and
confirms, however, it stalls for seconds, sometimes for good, as soon as several jobs wait. It is
therefore measured with one job at a time only.
"""

from __future__ import annotations

import os

from celery import Celery  # type: ignore[import-untyped]  # it has no types

from bench.overhead_ends import BROKER_URL, Ends

#: Names of the stages by the pool of their workers.
STAGES = {pool: [f"{pool}-{number}" for number in range(1, 6)] for pool in ("prefork", "solo")}


def command(pool: str, stage: str) -> list[str]:
    """Return the command line of a worker, without the interpreter."""
    options = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    options += ["--loglevel=warning", "--concurrency=1", f"--pool={pool}"]
    return ["celery", "-A", __name__, "worker", "-Q", stage, "-n", stage, *options]


app = Celery("overhead", broker=os.environ[BROKER_URL])
app.conf.update(
    broker_transport_options={"confirm_publish": True},
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
)
_ends = Ends()


def send(stage: str, number: int) -> None:
    """Put a job into the queue of a stage."""
    app.send_task(stage, args=(number,), queue=stage)


def _declare(stage: str, following: str | None) -> None:
    def work(number: int) -> None:
        if following:
            send(following, number)
        else:
            _ends.note(number)

    app.task(work, name=stage)


for _stages in STAGES.values():
    for _stage, _following in zip(_stages, [*_stages[1:], None], strict=True):
        _declare(_stage, _following)
