"""attrai's own workers for `bench.overhead`: everything except the work on photos."""

from __future__ import annotations

from attrai.actors import deliver
from attrai.actors.stage import Stage
from attrai.job import Failure, Job
from attrai.worker import start
from bench.overhead_ends import Ends

NAME = "overhead"

#: Imported so that attrai's broker finds it: delivering an answer is part of the overhead.
Deliver = deliver.Deliver


def _work(_stage: Stage, job: Job) -> Job:
    return job


#: The other stages, generated because they differ only by name. The broker finds them as
#: subclasses of `Stage`, so they must stay referenced.
STAGES = [
    type(name.title(), (Stage,), {"name": name, "work": _work})
    for name in ("ingest", "detect", "score", "render")
]


class OverheadChannel:
    """Channel whose answer is a record of the time."""

    def __init__(self) -> None:
        self._ends = Ends()

    def fetch(self, job: Job, max_bytes: int) -> bytes:  # noqa: ARG002 - the protocol has it
        """Return nothing, since ingest does no work here."""
        return b""

    def deliver(self, job: Job, picture: bytes) -> None:  # noqa: ARG002 - as above
        """Record the job's end."""
        self._ends.note(int(job.address["job"]))

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Record nothing, so that the driver reports the failed job as missing."""


def setup() -> None:
    """Start the workers; the entry point for dramatiq's command line."""
    start(lambda *_: {NAME: OverheadChannel()})
