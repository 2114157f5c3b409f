"""The chain: whatever happens to a job, it ends in one answer and leaves no files."""

from __future__ import annotations

import fcntl
import io
import json
import os
import struct
import tempfile
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import dramatiq
import psutil
import pytest
from PIL import Image
from redis import Redis

from attrai import logs
from attrai.actors.stage import VERSION_PATIENCE_SECONDS, publish
from attrai.errors import INTERNAL
from attrai.images.codecs import unpack_image
from attrai.job import STAGES, Job, StageName, job_id
from attrai.ledger import Ledger
from attrai.processes.embedded import EmbeddedChain, embedded_chain, embedded_redis
from attrai.settings import Settings
from testing.folder_channel import TARGET, FolderChannel
from testing.waiting import PATIENCE_S, wait_for
from tests.conftest import ASTRONAUT
from tests.images.worst_files import GIANT_WEBP

#: Maximum number of jobs that the ledger admits at once.
MOST = 3


@pytest.fixture(autouse=True)
def temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Redirect temporary files to a folder that must be empty after each test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


@pytest.fixture
def records() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return a function that returns the test's log records, parsed from JSON."""
    stream = io.StringIO()
    logs.configure("debug", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.configure("warning", io.StringIO())


class Chain:
    """A chain under test, with its answers and jobs for it."""

    def __init__(
        self, chain: EmbeddedChain, redis: Redis, answers: SimpleQueue[Job], folder: Path
    ) -> None:
        self.chain = chain
        self.redis = redis
        self.broker: dramatiq.Broker = chain.broker
        self.ledger = chain.intake.ledger
        self.picture = folder / "picture.jpg"
        self._answers = answers

    def job(self, make_job: Callable[..., Job], **changes: Any) -> Job:
        """Return a job whose photo is the example."""
        address = {TARGET: str(self.picture)}
        return make_job(source=str(ASTRONAUT), address=address, **changes)

    def answer(self) -> Job:
        """Wait for the next answered job, and return it."""
        return self._answers.get(timeout=PATIENCE_S)

    def settle(self) -> None:
        """Wait until the queues are empty, and check that no answer, slot or photo is left."""
        for stage in STAGES:
            self.broker.join(stage, timeout=int(PATIENCE_S * 1000))
        assert self._answers.empty()
        assert not self.broker.dead_letters  # type: ignore[attr-defined]  # of the StubBroker
        assert self.ledger.in_flight() == 0
        assert list(self.chain.photos.job_ids(0)) == []


@contextmanager
def running(folder: Path, channel: FolderChannel) -> Iterator[Chain]:
    """Run a chain on one thread with one channel."""
    answers: SimpleQueue[Job] = SimpleQueue()
    channels = {"folder": channel}
    redis = embedded_redis()
    ledger = Ledger(redis, max_active=MOST, max_pending=MOST, lifetime=600)
    with embedded_chain(Settings(), ledger, channels, answers.put, threads=1) as chain:
        yield Chain(chain, redis, answers, folder)


def test_a_file_that_kills_its_decoder(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """A file whose decoder dies is refused at once, and the next photo is rated."""
    bomb = tmp_path / "bomb.png"
    Image.new("RGB", (200, 200)).save(bomb)
    with running(tmp_path, FolderChannel()) as chain:
        (decoder,) = decoders()
        decoder.suspend()
        refused = chain.job(make_job, id=job_id("test", 1)).with_(source=str(bomb))
        chain.chain.intake.submit(refused)
        wait_for(lambda: was_asked(decoder), "the decoder gets no file")
        with suppress(psutil.NoSuchProcess):  # its time may be over already
            decoder.kill()
        answer = chain.answer()
        assert answer.failure is not None
        assert answer.failure.code == "unreadable-image"
        chain.chain.intake.submit(chain.job(make_job, id=job_id("test", 2)))
        assert chain.answer().failure is None
        chain.settle()
    assert decoders() == []


def decoders() -> list[psutil.Process]:
    """Return the children of this process that decode."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.ZombieProcess):
            if "decoder_process" in " ".join(child.cmdline()):
                found.append(child)
    return found


def was_asked(decoder: psutil.Process) -> bool:
    """Return whether a suspended decoder was given a file, or has even been killed for it."""
    try:
        pipe = os.open(f"/proc/{decoder.pid}/fd/0", os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return True
    try:
        (unread,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
    finally:
        os.close(pipe)
    return bool(unread)


def test_tiny_giants_are_refused_at_once(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """WebPs of 38 bytes that claim 49 megapixels are refused, and another's photo is rated."""
    giant = tmp_path / "giant.webp"
    giant.write_bytes(GIANT_WEBP)
    with running(tmp_path, FolderChannel()) as chain:
        for number in range(10):
            job = chain.job(make_job, id=job_id("test", number)).with_(source=str(giant))
            chain.chain.intake.submit(job)
            failure = chain.answer().failure
            assert failure is not None
            assert (failure.code, failure.details) == ("too-many-pixels", {"limit_megapixels": 30})
        chain.chain.intake.submit(chain.job(make_job, id=job_id("test", 10)))
        assert chain.answer().failure is None
        chain.settle()


def test_a_photo_goes_through_all_stages(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """A photo is answered by a picture, with faces, scores and the timing of every stage."""
    with running(tmp_path, FolderChannel()) as chain:
        assert chain.chain.intake.submit(chain.job(make_job)) == "admitted"
        job = chain.answer()
        chain.settle()
    assert job.failure is None
    assert (job.size, job.faces_found, len(job.scored_faces)) == ((512, 512), 1, 1)
    assert tuple(timing.stage for timing in job.trace) == STAGES
    assert unpack_image(chain.picture.read_bytes()).size == (512, 512)


class Failing(FolderChannel):
    """A channel whose fetch or deliver fails a given number of times."""

    def __init__(self, *, fetches: int = 0, deliveries: int = 0) -> None:
        self.fetches, self.deliveries = fetches, deliveries
        self.failures: list[str] = []

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        self.fetches -= 1
        if self.fetches >= 0:
            raise ConnectionError("secret-address is unreachable")
        return super().fetch(job, max_bytes)

    def deliver(self, job: Job, picture: bytes) -> None:
        self.deliveries -= 1
        if self.deliveries >= 0:
            raise ConnectionError("secret-address is unreachable")
        super().deliver(job, picture)

    def send_failure(self, job: Job, failure: Any) -> None:
        self.failures.append(failure.code)


def test_passing_faults_are_tried_again(
    tmp_path: Path,
    make_job: Callable[..., Job],
    records: Callable[[], list[dict[str, Any]]],
) -> None:
    """A stage that fails twice is tried again, and its failures are logged."""
    with running(tmp_path, Failing(fetches=2, deliveries=2)) as chain:
        chain.chain.intake.submit(chain.job(make_job))
        assert chain.answer().failure is None
        chain.settle()
    failed = [record for record in records() if record["event"] == "failed"]
    assert [(record["stage"], record["attempt"]) for record in failed] == [
        ("ingest", 1),
        ("ingest", 2),
        ("deliver", 1),
        ("deliver", 2),
    ]
    assert all("ConnectionError" in record["exception"] for record in failed)
    assert all(record["job"] == make_job().id for record in failed)
    assert str(chain.picture) not in json.dumps(
        [record for record in records() if record["level"] != "debug"]
    )


@pytest.mark.parametrize("channel", [Failing(fetches=99), Failing(deliveries=99)])
def test_lasting_faults_end_in_an_answer(
    tmp_path: Path, make_job: Callable[..., Job], channel: Failing
) -> None:
    """A stage that keeps failing, even deliver, ends the job as an internal error."""
    with running(tmp_path, channel) as chain:
        chain.chain.intake.submit(chain.job(make_job))
        assert chain.answer().failure == INTERNAL
        chain.settle()
    assert channel.failures == ["internal"]
    assert not chain.picture.exists()


def test_a_renderer_that_is_gone(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """A job whose renderer is no longer installed ends as an internal error."""
    with running(tmp_path, FolderChannel()) as chain:
        chain.chain.intake.submit(chain.job(make_job, renderer="removed"))
        job = chain.answer()
        chain.settle()
    assert job.failure == INTERNAL
    assert [timing.stage for timing in job.trace] == [
        "ingest",
        "detect",
        "score",
        "render",
        "deliver",
    ]


def test_no_face(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """A photo without a face goes from detect straight to deliver."""
    blank = tmp_path / "blank.png"
    Image.new("RGB", (200, 200), "white").save(blank)
    channel = Failing()
    with running(tmp_path, channel) as chain:
        chain.chain.intake.submit(chain.job(make_job).with_(source=str(blank)))
        job = chain.answer()
        chain.settle()
    assert job.failure is not None
    assert job.failure.code == "no-face"
    assert channel.failures == ["no-face"]
    assert [timing.stage for timing in job.trace] == ["ingest", "detect", "deliver"]


def test_a_message_twice(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """A message that is redelivered after its job was answered gives no second answer."""
    with running(tmp_path, FolderChannel()) as chain:
        job = chain.job(make_job)
        chain.chain.intake.submit(job)
        chain.answer()
        chain.picture.unlink()
        publish(chain.broker, "ingest", job)
        chain.settle()
    assert not chain.picture.exists()


@pytest.mark.parametrize("stage", STAGES)
def test_a_message_of_another_version(
    tmp_path: Path, make_job: Callable[..., Job], stage: StageName
) -> None:
    """A job of a version that no worker has for long ends in a failure message in any queue."""
    channel = Failing()
    with running(tmp_path, channel) as chain:
        job = chain.job(make_job)
        assert chain.ledger.admit(job) == "admitted"
        message = {**job.to_message(), "version": 99}
        chain.ledger.set_aside(job, stage, message)
        chain.redis.zincrby(f"attrai:at:{stage}", -VERSION_PATIENCE_SECONDS, job.id)
        send(chain.broker, stage, message)
        assert chain.answer().failure == INTERNAL
        chain.settle()
    assert channel.failures == ["internal"]


def test_a_message_that_is_no_job(
    tmp_path: Path,
    make_job: Callable[..., Job],
    records: Callable[[], list[dict[str, Any]]],
) -> None:
    """A message that is not a job is logged, and the next job is processed as usual."""
    with running(tmp_path, FolderChannel()) as chain:
        send(chain.broker, "detect", {"hello": "world"})
        chain.chain.intake.submit(chain.job(make_job))
        assert chain.answer().failure is None
        chain.settle()
    (record,) = (record for record in records() if record["event"] == "unreadable message")
    assert record["stage"] == "detect"


def send(broker: dramatiq.Broker, stage: str, message: dict[str, Any]) -> None:
    """Put an arbitrary message into a stage's queue."""
    broker.enqueue(
        dramatiq.Message(queue_name=stage, actor_name=stage, args=(message,), kwargs={}, options={})
    )


class Closed(FolderChannel):
    """A channel that fetches nothing until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        assert self.opened.wait(PATIENCE_S)
        return super().fetch(job, max_bytes)


def test_no_more_jobs_than_fit(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """The chain admits as many jobs as its ledger allows, and more as jobs are answered."""
    accepted = 0
    channel = Closed()
    with running(tmp_path, channel) as chain:
        jobs = [chain.job(make_job, id=job_id("test", n)) for n in range(10)]
        while chain.chain.intake.submit(jobs[accepted]) == "admitted":
            accepted += 1
        assert accepted == MOST
        channel.opened.set()
        for job in jobs[accepted:]:
            chain.answer()
            assert chain.chain.intake.submit(job) == "admitted"
        for _ in range(accepted):
            chain.answer()
        chain.settle()
