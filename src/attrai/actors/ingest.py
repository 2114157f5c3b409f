"""ingest: the source's bytes -> the upright photo, as a JPEG without metadata."""

from __future__ import annotations

from attrai.actors.stage import Stage
from attrai.contract import Job
from attrai.decoding import Limits, decode_photo, untouched_jpeg
from attrai.payloads import pack_photo
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
        data = channel.fetch(job, self._limits.max_bytes)
        if untouched := untouched_jpeg(data, self._limits):
            content, size = untouched
        else:
            photo = decode_photo(data, self._limits)
            content, size = pack_photo(photo), photo.size
        self.services.photos.write(job.id, PHOTO, content)
        return job.with_(size=size)
