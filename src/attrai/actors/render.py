"""The fourth stage: photo, faces and scores -> picture, by the renderer that the job names."""

from __future__ import annotations

from attrai.actors.stage import Stage
from attrai.images.codecs import pack_image, unpack_image
from attrai.job import Job
from attrai.render import load_renderer
from attrai.storage import PHOTO, PICTURE


class Render(Stage):
    name = "render"
    consumes = (PHOTO,)

    def work(self, job: Job) -> Job:
        # Here rather than in a child, since detect has proved that these bytes can be decoded.
        photo = unpack_image(self.read(job, PHOTO))
        picture = load_renderer(job.renderer).render(photo, job.scored_faces)
        # A renderer of somebody else may use another mode.
        self.services.photos.write(job.id, PICTURE, pack_image(picture.convert("RGB")))
        return job
