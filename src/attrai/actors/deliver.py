"""deliver: the picture or the reason why there is none -> the job's one answer."""

from __future__ import annotations

from attrai.actors.stage import Stage
from attrai.contract import Job
from attrai.photos import PICTURE


class Deliver(Stage):
    name = "deliver"

    def work(self, job: Job) -> Job:
        if not self.services.ledger.holds(job):
            return job  # an earlier delivery of this message answered
        channel = self.services.channels[job.channel]
        if job.failure:
            channel.apologise(job, job.failure)
        else:
            channel.deliver(job, self.services.photos.read(job.id, PICTURE))
        return job

    def hand_on(self, job: Job) -> None:
        """Leaves nothing of the job: this is its last stage."""
        self.services.photos.delete_job(job.id)
        if self.services.ledger.finish(job):
            self.services.on_answered(job)
