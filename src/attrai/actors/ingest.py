"""ingest: the source's bytes -> the upright photo, as a JPEG without metadata."""

from __future__ import annotations

from attrai.actors.stage import Stage
from attrai.contract import Job
from attrai.decoding import limits_of, pack_source
from attrai.photos import PHOTO
from attrai.services import Services


class Ingest(Stage):
    name = "ingest"
    uses_channels = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._limits = limits_of(services.settings)

    def work(self, job: Job) -> Job:
        channel = self.services.channels[job.channel]
        data = channel.fetch(job, self._limits.max_bytes)
        content, size = pack_source(data, self._limits)
        self.services.photos.write(job.id, PHOTO, content)
        return job.with_(size=size)
