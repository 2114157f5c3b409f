"""A job whose channel a worker lacks, as in an update: it waits for one that has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import structlog
from dramatiq.brokers.stub import StubBroker

from attrai.actors.deliver import Deliver
from attrai.actors.ingest import Ingest
from attrai.actors.stage import ATTEMPTS, CHANNEL_PATIENCE_SECONDS, Stage
from attrai.broker import middleware
from attrai.channels import Channel
from attrai.errors import INTERNAL, TIMED_OUT
from attrai.job import STAGES, Job
from attrai.ledger import Ledger, Start
from attrai.processes.embedded import embedded_redis
from attrai.services import Services
from attrai.settings import Settings
from attrai.storage import PICTURE, VolumeStore
from testing.folder_channel import TARGET, FolderChannel

LIFETIME = 600


class Worker:
    """A stage of a worker that has some channels, on servers that others share."""

    def __init__(self, stage: type[Stage], folder: Path, channels: dict[str, Channel]) -> None:
        self.name = stage.name
        self.redis = embedded_redis()
        self.ledger = Ledger(self.redis, max_active=9, max_pending=9, lifetime=LIFETIME)
        self.broker = StubBroker(middleware=middleware())
        for queue in STAGES:
            self.broker.declare_queue(queue)
        self.photos = VolumeStore(folder)
        self.answered: list[Job] = []
        self.services = Services(
            Settings(), self.photos, self.ledger, channels, self.answered.append
        )
        # Without a decoder: nothing is fetched.
        self.stage = stage.__new__(stage)
        Stage.__init__(self.stage, self.services)
        self.stage.declare(self.broker)

    def admit(self, job: Job, age: float = 0) -> None:
        """Admit a job as if it had been `age` seconds ago."""
        self.ledger.admit(job)
        for key in ("attrai:jobs", f"attrai:user:{job.user}"):
            self.redis.zincrby(key, -age, job.id)

    def receive(self, job: Job) -> None:
        """Process a job."""
        self.stage._receive(job.to_message())

    def queued(self, queue: str) -> list[Job]:
        """Take the jobs out of a queue."""
        found = self.broker.queues[queue].queue
        messages: list[Any] = [dramatiq.Message.decode(found.popleft()) for _ in range(len(found))]
        return [Job.from_message(message.args[0]) for message in messages]


@pytest.fixture(params=[Ingest, Deliver])
def lacking(request: pytest.FixtureRequest, tmp_path: Path) -> Worker:
    """A worker that has another channel only."""
    (tmp_path / "photos").mkdir()
    return Worker(request.param, tmp_path / "photos", {"other": FolderChannel()})


def test_it_waits(lacking: Worker, make_job: Callable[..., Job]) -> None:
    """The job goes back into its queue, however often, with a warning and no attempt used up."""
    job = make_job()
    lacking.admit(job)
    for _ in range(ATTEMPTS + 2):
        with structlog.testing.capture_logs() as records:
            lacking.receive(job)
        (again,) = lacking.queued(f"{lacking.name}.DQ")
        assert again.with_(queued_at=job.queued_at) == job
        (record,) = records
        assert (record["event"], record["log_level"]) == ("postponed", "warning")
        assert record["reason"] == "no channel 'folder' is set up here"
    assert lacking.queued("deliver") == []
    start = lacking.ledger.begin(job, lacking.stage.name)
    assert isinstance(start, Start)
    assert start.number == 1


def test_another_worker_answers(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """An answer that waited is sent by the next worker that has the channel, once."""
    (tmp_path / "photos").mkdir()
    channels: dict[str, Channel] = {}
    lacking = Worker(Deliver, tmp_path / "photos", channels)
    target = tmp_path / "picture.jpg"
    job = make_job(address={TARGET: str(target)})
    lacking.admit(job)
    lacking.photos.write(job.id, PICTURE, b"a picture")
    lacking.receive(job)
    (again,) = lacking.queued("deliver.DQ")
    channels["folder"] = FolderChannel()  # as if another process had it
    lacking.receive(again)
    assert target.read_bytes() == b"a picture"
    assert [answered.failure for answered in lacking.answered] == [None]
    assert not lacking.ledger.holds(job.id)
    assert list(lacking.photos.job_ids(0)) == []


@pytest.mark.parametrize("age", [LIFETIME + 1, CHANNEL_PATIENCE_SECONDS - 60])
def test_an_overdue_job_keeps_waiting(
    lacking: Worker, make_job: Callable[..., Job], age: float
) -> None:
    """A job that is overdue keeps its slot, and the sweeper brings it back for most of a day."""
    job = make_job()
    lacking.admit(job, age)
    lacking.receive(job.with_(failure=TIMED_OUT))
    assert lacking.queued("deliver") == lacking.queued(f"{lacking.name}.DQ") == []
    assert lacking.ledger.holds(job.id)


def test_nothing_is_kept_for_ever(lacking: Worker, make_job: Callable[..., Job]) -> None:
    """A job that no worker could answer for a day is given up: its slot and its files are freed."""
    job = make_job()
    lacking.admit(job, CHANNEL_PATIENCE_SECONDS + 1)
    lacking.photos.write(job.id, PICTURE, b"a picture")
    lacking.receive(job)
    if lacking.name == "ingest":
        (failed,) = lacking.queued("deliver")
        assert failed.failure == INTERNAL
        return
    assert [answered.failure for answered in lacking.answered] == [INTERNAL]
    assert not lacking.ledger.holds(job.id)
    assert list(lacking.photos.job_ids(0)) == []
