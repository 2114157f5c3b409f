"""The last stage: the picture, or the reason why there is none, becomes the job's one answer.

The photos of an album are answered together, as soon as all are ready or have waited long enough.
"""

from __future__ import annotations

import structlog

from attrai.actors.stage import INTERRUPTIONS, FileGone, Stage, publish
from attrai.channels import AlbumChannel, Channel, Member, NotTogether
from attrai.errors import INTERNAL, TryLater, Unconfirmed
from attrai.job import Job
from attrai.ledger import Together, Wait
from attrai.outages import OUTAGES
from attrai.storage import PICTURE

log = structlog.get_logger(__name__)

#: After these errors an apology is sent again later.
_TRY_AGAIN: tuple[type[Exception], ...] = (TryLater, *OUTAGES)
#: How long an apology for a photo waits while its album is being answered.
_ALBUM_PAUSE_SECONDS = 5


class Deliver(Stage):
    name = "deliver"
    uses_channels = True

    def work(self, job: Job) -> Job:
        channel = self.services.channel(job.channel)
        if job.answered:
            log.info("sent already")
        elif job.album and isinstance(channel, AlbumChannel):
            return self._answer_in_album(job, job.album, channel)
        else:
            self._answer(job, channel)
        return job

    def _answer(self, job: Job, channel: Channel) -> None:
        if job.failure:
            channel.send_failure(job, job.failure)
        else:
            channel.deliver(job, self._picture(job))

    def _answer_in_album(self, job: Job, album: str, channel: AlbumChannel) -> Job:
        """Answer the job together with all others of its album that are ready.

        Returns:
            The job, with those that were answered together with it.

        Raises:
            TryLater: the album is not ready.
        """
        albums = self.services.ledger.albums
        found = albums.join(job, album)
        if isinstance(found, Wait):
            raise TryLater("waits for its album", found.seconds)
        if found is None:
            self._answer(job, channel)
            return job
        try:
            return self._answer_together(job, found, channel)
        except NotTogether as error:
            log.warning("answered one by one", reason=str(error))
        except Unconfirmed:
            albums.release(job, album, "unconfirmed")
            raise
        except BaseException:
            albums.release(job, album)
            raise
        albums.release(job, album, "alone")
        for _, other in found.ready:
            if other.id != job.id:
                # Its own message comes only later.
                publish(self._broker, self.name, other)
        self._answer(job, channel)
        return job

    def _answer_together(self, job: Job, found: Together, channel: AlbumChannel) -> Job:
        if job.id not in {ready.id for _, ready in found.ready}:
            raise FileGone("its slot")
        if len(found.ready) == 1:
            sends = max(job.unconfirmed_sends, found.unconfirmed_sends)
            self._answer(job.with_(unconfirmed_sends=sends), channel)
            return job
        members = [self._member(place, ready) for place, ready in found.ready]
        channel.deliver_album(members, found.unconfirmed_sends)
        return job.with_(together=[member.job for member in members if member.job.id != job.id])

    def _member(self, place: int, job: Job) -> Member:
        if job.failure:
            return Member(place, job, None)
        try:
            return Member(place, job, self.read(job, PICTURE))
        except FileGone:
            log.error("the picture is lost", lost=job.id)  # noqa: TRY400 - nothing to trace
            return Member(place, job.with_(failure=INTERNAL), None)

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
        for each in (job, *job.together):
            self.services.photos.delete_job(each.id)
            if answered:
                self.services.on_answered(each)

    def fail(self, job: Job) -> Job:
        """Tell the user that it is our fault, if they can be told anything."""
        failed = super().fail(job)
        if job.album and not self.services.ledger.albums.leave(job, job.album):
            raise TryLater("its album is being answered", _ALBUM_PAUSE_SECONDS)
        if not job.failure and not job.answered:
            try:
                self._answer(failed, self.services.channel(job.channel))
            except _TRY_AGAIN:
                raise
            except Exception:  # nothing is left to do but to clean up
                log.exception("failure message not sent")
        return failed
