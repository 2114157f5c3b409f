"""The first stage: the bytes of the source -> an upright photo, a JPEG without metadata."""

from __future__ import annotations

from attrai.actors.stage import FileGone, Stage
from attrai.channels import HoldingChannel, PhotoReleased
from attrai.images import limits_of
from attrai.job import Job
from attrai.services import Services
from attrai.storage import PHOTO


class Ingest(Stage):
    name = "ingest"
    uses_channels = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._limits = limits_of(services.settings)
        self._decoder = services.decoder

    def work(self, job: Job) -> Job:
        channel = self.services.channel(job.channel)
        try:
            data = channel.fetch(job, self._limits.max_bytes)
        except PhotoReleased as error:
            raise FileGone(str(error)) from error
        # This process holds the token of the channel, so it decodes nothing itself.
        content, size = self._decoder.accept_photo(data)
        self.services.photos.write(job.id, PHOTO, content)
        return job.with_(size=size)

    def forward(self, job: Job) -> None:
        """Publish the job to its next stage, then let its channel delete what it holds."""
        super().forward(job)
        channel = self.services.channels.get(job.channel)
        if isinstance(channel, HoldingChannel):
            channel.release(job)
