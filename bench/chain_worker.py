"""attrai's workers for `bench.chain`, which read and write a folder and record each job's end."""

from __future__ import annotations

from attrai.job import Failure, Job
from attrai.worker import start
from bench.overhead_ends import Ends
from testing.folder_channel import FolderChannel

NAME = "chain"


class ChainChannel(FolderChannel):
    """Channel for a folder that records the end of each job."""

    def __init__(self) -> None:
        self._ends = Ends()

    def deliver(self, job: Job, picture: bytes) -> None:
        """Write the picture and record the job's end."""
        super().deliver(job, picture)
        self._ends.note(int(job.address["job"]))

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Record nothing, so that the driver reports the failed job as missing."""


def setup() -> None:
    """Start the workers; the entry point for dramatiq's command line."""
    start(lambda *_: {NAME: ChainChannel()})
