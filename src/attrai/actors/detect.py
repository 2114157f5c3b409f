"""The second stage: photo -> faces and their aligned crops, and the photo upright."""

from __future__ import annotations

import structlog
from PIL import Image

from attrai.actors.stage import Stage
from attrai.faces import FaceFinder, crop_faces
from attrai.images.codecs import pack_crops, pack_photo
from attrai.inference import open_engine
from attrai.job import Job
from attrai.services import Services
from attrai.storage import CROPS, PHOTO

log = structlog.get_logger(__name__)


class Detect(Stage):
    name = "detect"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._decoder = services.decoder
        engine = open_engine(services.settings.engine, services.threads)
        log.info("inference", engine=engine.name)
        self._finder = FaceFinder.open(services.settings, engine)

    def work(self, job: Job) -> Job:
        # Ingest may have passed the photo through as it came.
        photo = self._decoder.decode_jpeg(self.read(job, PHOTO))
        found = crop_faces(photo, self._finder)
        self.services.photos.write(job.id, CROPS, pack_crops(found.crops))
        if found.turned:
            # Another copy of this message finds it upright, and the same faces on it.
            upright = Image.fromarray(found.photo)
            self.services.photos.write(job.id, PHOTO, pack_photo(upright))
        height, width = found.photo.shape[:2]
        return job.with_(faces=found.faces, faces_found=found.found, size=(width, height))
