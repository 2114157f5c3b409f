"""score: crops -> a score per face, all in one batch."""

from __future__ import annotations

from attrai.actors.stage import Stage
from attrai.contract import Job
from attrai.payloads import unpack_crops
from attrai.photos import CROPS
from attrai.scoring import PACKAGED, Scorer
from attrai.services import Services


class ScoreFaces(Stage):
    name = "score"
    consumes = (CROPS,)

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._scorer = Scorer.load(services.settings.weights or PACKAGED)

    def work(self, job: Job) -> Job:
        crops = unpack_crops(self.read(job, CROPS))
        return job.with_(scores=self._scorer(crops))
