"""The ingest stage and a channel that holds photos until they are passed on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
from dramatiq.brokers.stub import StubBroker

from attrai.actors.ingest import Ingest
from attrai.actors.stage import FileGone
from attrai.api.channel import NAME, UPLOAD, ApiChannel
from attrai.api.results import Results
from attrai.job import Job
from attrai.processes.embedded import embedded_redis
from attrai.services import Services, make_ledger
from attrai.settings import Settings
from attrai.storage import PHOTO, UnlinkedStore
from tests.conftest import ASTRONAUT


def test_a_held_photo(make_job: Callable[..., Job]) -> None:
    """A photo is released once it was passed on; a copy of its message finds that it is done."""
    job = make_job(channel=NAME, source=UPLOAD)
    settings, redis, broker = Settings(), embedded_redis(), StubBroker()
    broker.declare_queue("detect")
    ledger = make_ledger(redis, settings)
    with closing(UnlinkedStore()) as photos:
        channels = {NAME: ApiChannel(photos, Results(redis, ledger, photos))}
        with closing(Services(settings, photos, ledger, channels, lambda _: None)) as services:
            stage = Ingest(services)
            stage.declare(broker)
            photos.write(job.id, UPLOAD, ASTRONAUT.read_bytes())
            # The worker dies before it has published the job, and another one begins again.
            assert stage.work(job) == stage.work(job)
            stage.forward(stage.work(job))
            assert broker.queues["detect"].qsize() == 1
            assert photos.read(job.id, PHOTO).startswith(b"\xff\xd8")
            with pytest.raises(FileNotFoundError):
                photos.read(job.id, UPLOAD)
            with pytest.raises(FileGone):
                stage.work(job)
