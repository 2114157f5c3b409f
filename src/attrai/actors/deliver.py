"""The last stage: the picture, or the reason why there is none, becomes the job's one answer."""

from __future__ import annotations

import structlog

from attrai.actors.stage import INTERRUPTIONS, FileGone, Stage, publish
from attrai.errors import TryLater
from attrai.job import Job
from attrai.outages import OUTAGES
from attrai.storage import PICTURE

log = structlog.get_logger(__name__)

#: After these errors an apology is sent again later.
_TRY_AGAIN: tuple[type[Exception], ...] = (TryLater, *OUTAGES)


class Deliver(Stage):
    name = "deliver"
    uses_channels = True

    def work(self, job: Job) -> Job:
        channel = self.services.channels[job.channel]
        if job.answered:
            log.info("sent already")
        elif job.failure:
            channel.send_failure(job, job.failure)
        else:
            channel.deliver(job, self._picture(job))
        return job

    def _picture(self, job: Job) -> bytes:
        """Return the job's picture.

        Raises:
            FileGone: the picture has been delivered.
            FileNotFoundError: the picture is lost.
        """
        try:
            return self.read(job, PICTURE)
        except FileGone as error:
            # A picture that was delivered is deleted after its job is finished.
            if self.services.ledger.holds(job.id):
                raise FileNotFoundError(str(error)) from error
            raise

    def forward(self, job: Job) -> None:
        """Delete everything of the job, whose last stage this is."""
        # In this order: the sweeper deletes the files of a finished job, whereas an unfinished
        # job without files would look as if another copy of its message had finished it.
        try:
            answered = self.services.ledger.finish(job)
        except INTERRUPTIONS as error:
            # The message that RabbitMQ would deliver again says nothing of the answer.
            log.warning("sent, but not recorded yet", reason=type(error).__name__)
            publish(self._broker, self.name, job.with_(answered=True, trace=job.trace[:-1]))
            return
        self.services.photos.delete_job(job.id)
        if answered:
            self.services.on_answered(job)

    def fail(self, job: Job) -> Job:
        """Tell the user that it is our fault, if they can be told anything."""
        failed = super().fail(job)
        if not job.failure:
            try:
                return self.work(failed)
            except _TRY_AGAIN:
                raise
            except Exception:  # nothing is left to do but to clean up
                log.exception("failure message not sent")
        return failed
