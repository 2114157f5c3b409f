"""deliver: the picture or the reason why there is none -> the job's one answer."""

from __future__ import annotations

import structlog

from attrai.actors.stage import Stage
from attrai.job import Job
from attrai.storage import PICTURE

log = structlog.get_logger(__name__)


class Deliver(Stage):
    name = "deliver"
    uses_channels = True

    def work(self, job: Job) -> Job:
        channel = self.services.channels[job.channel]
        if job.failure:
            channel.send_failure(job, job.failure)
        else:
            channel.deliver(job, self.read(job, PICTURE))
        return job

    def forward(self, job: Job) -> None:
        """Leaves nothing of the job: this is its last stage."""
        # Files of a job that is finished are swept if need be; a job without files would be
        # taken for one that another copy of the message finished.
        answered = self.services.ledger.finish(job)
        self.services.photos.delete_job(job.id)
        if answered:
            self.services.on_answered(job)

    def fail(self, job: Job) -> Job:
        """Nothing more can be said to the user than that it is our fault, if anything."""
        failed = super().fail(job)
        if not job.failure:
            try:
                return self.work(failed)
            except Exception:  # the answer is out of reach; what is left is to clean up
                log.exception("apology failed")
        return failed
