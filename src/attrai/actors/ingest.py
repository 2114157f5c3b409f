"""ingest: the source's bytes -> the verified, upright photo."""

from __future__ import annotations

from attrai.actors.stage import Stage
from attrai.contract import Job
from attrai.decoding import Limits, decode_photo
from attrai.payloads import pack_image
from attrai.photos import PHOTO
from attrai.services import Services


class Ingest(Stage):
    name = "ingest"
    uses_channels = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        settings = services.settings
        self._limits = Limits(
            max_bytes=settings.max_file_mb * 10**6,
            max_pixels=settings.max_megapixels * 10**6,
            min_side=settings.min_photo_side,
            max_side=settings.max_photo_side,
        )

    def work(self, job: Job) -> Job:
        channel = self.services.channels[job.channel]
        photo = decode_photo(channel.fetch(job, self._limits.max_bytes), self._limits)
        self.services.photos.write(job.id, PHOTO, pack_image(photo))
        return job.with_(size=photo.size)
