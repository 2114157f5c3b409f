"""The third stage: crops -> a score per face, in one batch."""

from __future__ import annotations

import structlog

from attrai.actors.stage import Stage
from attrai.images.codecs import unpack_crops
from attrai.inference import open_engine
from attrai.job import Job
from attrai.scoring import FaceScorer
from attrai.services import Services
from attrai.storage import CROPS

log = structlog.get_logger(__name__)


class ScoreFaces(Stage):
    name = "score"
    consumes = (CROPS,)

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        engine = open_engine(services.settings.engine, services.threads)
        log.info("inference", engine=engine.name)
        self._scorer = FaceScorer.open(services.settings, engine)

    def work(self, job: Job) -> Job:
        crops = unpack_crops(self.read(job, CROPS))
        return job.with_(scores=self._scorer(crops))
