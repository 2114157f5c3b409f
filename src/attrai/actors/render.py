"""The fourth stage: photo, faces and scores -> picture, by the renderer that the job names."""

from __future__ import annotations

from functools import cache

from PIL import Image

from attrai.actors.stage import Stage
from attrai.images.codecs import pack_image
from attrai.job import Job
from attrai.render import load_renderer
from attrai.services import Services
from attrai.storage import PHOTO, PICTURE

#: Looking through the installed packages takes longer than to draw.
_renderer = cache(load_renderer)


class Render(Stage):
    name = "render"
    consumes = (PHOTO,)

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._decoder = services.decoder

    def work(self, job: Job) -> Job:
        # Ingest may have passed the photo through as it came.
        photo = Image.fromarray(self._decoder.decode_jpeg(self.read(job, PHOTO)))
        picture = _renderer(job.renderer).render(photo, job.scored_faces)
        # A renderer of somebody else may use another mode.
        self.services.photos.write(job.id, PICTURE, pack_image(picture.convert("RGB")))
        return job
