"""attrai's workers for `bench.chain`: photos from a folder and back, and a note of each end."""

from __future__ import annotations

from attrai.job import Failure, Job
from attrai.rating.folder import FolderChannel
from attrai.worker import start
from bench.overhead_ends import Ends

NAME = "chain"


class ChainChannel(FolderChannel):
    """A folder whose answers are noted."""

    def __init__(self) -> None:
        self._ends = Ends()

    def deliver(self, job: Job, picture: bytes) -> None:
        """Writes the picture."""
        super().deliver(job, picture)
        self._ends.note(int(job.address["job"]))

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Notes nothing: a job that fails is missed by the driver."""


def setup() -> None:
    """For dramatiq's command line."""
    start(lambda _: {NAME: ChainChannel()})
