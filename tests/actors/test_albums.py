"""Deliver: the photos of an album are answered together, and each exactly once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis as redis_client
from dramatiq.brokers.stub import StubBroker
from redis import Redis

from attrai.actors.deliver import Deliver
from attrai.actors.stage import ATTEMPTS
from attrai.broker import PutBack, middleware
from attrai.channels import Member, NotTogether
from attrai.errors import INTERNAL, TryLater, Unconfirmed
from attrai.job import STAGES, Failure, Job, job_id
from attrai.ledger import Ledger, Start, Together, keys
from attrai.ledger.constants import ALBUM_PATIENCE_MIN_SECONDS, ALBUM_QUIET_SECONDS
from attrai.processes.embedded import embedded_redis
from attrai.services import Services
from attrai.settings import Settings
from attrai.storage import PICTURE, VolumeStore
from testing.folder_channel import FolderChannel
from tests.ledger.test_ledger import advance_time

ALBUM = "an-album"


class AloneChannel(FolderChannel):
    """A channel without albums that notes each answer: the numbers of the photos and what it is."""

    def __init__(self) -> None:
        self.sent: list[tuple[list[int], str]] = []
        #: Raised by the next calls.
        self.errors: list[BaseException] = []

    def deliver(self, job: Job, picture: bytes) -> None:
        self.note([job], picture.decode())

    def send_failure(self, job: Job, failure: Failure) -> None:
        self.note([job], failure.code)

    def note(self, jobs: list[Job], what: str) -> None:
        """Note an answer, or raise the next error."""
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(([number_of(job) for job in jobs], what))


class TogetherChannel(AloneChannel):
    """A channel with albums."""

    #: How often each album was sent before without a word whether it arrived.
    unconfirmed: list[int]

    def __init__(self) -> None:
        super().__init__()
        self.unconfirmed = []

    def deliver_album(self, members: Sequence[Member], unconfirmed_sends: int) -> None:
        self.unconfirmed.append(unconfirmed_sends)
        assert [place for place, _, _ in members] == sorted(place for place, _, _ in members)
        whats = [
            picture.decode() if picture else job.failure.code if job.failure else "nothing"
            for _, job, picture in members
        ]
        self.note([job for _, job, _ in members], " ".join(whats))


def number_of(job: Job) -> int:
    """Return the number of a photo."""
    return NUMBERS[job.id]


NUMBERS = {job_id("test", number): number for number in range(20)}


class Worker:
    """A worker of deliver, with its queue."""

    def __init__(self, folder: Path, channel: AloneChannel) -> None:
        self.redis: Redis = embedded_redis()
        self.ledger = Ledger(self.redis, max_active=20, max_pending=20, lifetime=600)
        self.channel = channel
        self.photos = VolumeStore(folder)
        self.answered: list[int] = []
        self.broker = StubBroker(middleware=middleware())
        for queue in STAGES:
            self.broker.declare_queue(queue)
        services = Services(
            Settings(),
            self.photos,
            self.ledger,
            {"test": channel},
            lambda job: self.answered.append(number_of(job)),
        )
        self.stage = Deliver(services)
        self.stage.declare(self.broker)

    def admit(self, *numbers: int, album: str | None = ALBUM, **changes: object) -> list[Job]:
        """Admit photos whose pictures are drawn."""
        jobs = []
        for number in numbers:
            job = Job(
                id=job_id("test", number),
                channel="test",
                address={},
                user="ann",
                album=album,
                source="",
                renderer="boxes",
                admitted_at=time.time(),
                queued_at=time.time(),
            ).with_(**changes)
            assert self.ledger.admit(job) == "admitted"
            self.photos.write(job.id, PICTURE, b"picture")
            jobs.append(job)
        return jobs

    def receive(self, job: Job) -> None:
        """Process a message."""
        self.stage._receive(job.to_message())

    def queued(self, queue: str = "deliver") -> list[tuple[Job, float | None]]:
        """Take the messages out of a queue, each with its delay in seconds."""
        found = self.broker.queues[queue].queue
        taken = [dramatiq.Message.decode(found.popleft()) for _ in range(len(found))]
        return [
            (Job.from_message(message.args[0]), message.options.get("delay")) for message in taken
        ]

    def delayed(self) -> list[tuple[int, float]]:
        """Take the delayed messages out of their queue: the numbers and delays in seconds."""
        return [(number_of(job), (delay or 0) / 1000) for job, delay in self.queued("deliver.DQ")]

    def assert_done(self, *numbers: int) -> None:
        """Check that these photos are answered once, and that nothing is left of them."""
        assert sorted(self.answered) == sorted(numbers)
        assert sorted(itertools.chain(*(found for found, _ in self.channel.sent))) == sorted(
            numbers
        )
        assert self.ledger.in_flight() == 0
        assert list(self.photos.job_ids(0)) == []
        for key in self.redis.scan_iter("attrai:album*"):
            assert list(self.redis.hgetall(key)) == [b"places"]


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path, TogetherChannel())


def test_a_single_photo_waits_for_nothing(worker: Worker) -> None:
    """A photo without an album is answered at once, and no album is asked for."""
    (job,) = worker.admit(1, album=None)
    worker.receive(job)
    assert worker.channel.sent == [([1], "picture")]
    assert worker.queued() == worker.delayed() == []
    worker.assert_done(1)


@pytest.mark.parametrize("order", [*itertools.permutations((1, 2, 3))])
def test_an_album_in_any_order(worker: Worker, order: Sequence[int]) -> None:
    """The last photo that is ready sends all in order; the others' messages find them answered."""
    jobs = dict(zip((1, 2, 3), worker.admit(1, 2, 3), strict=True))
    advance_time(worker.redis, ALBUM_QUIET_SECONDS)
    for number in order[:2]:
        worker.receive(jobs[number])
        ((postponed, seconds),) = worker.delayed()
        assert postponed == number
        assert 0 < seconds < ALBUM_PATIENCE_MIN_SECONDS + 1
    assert worker.channel.sent == []
    worker.receive(jobs[order[2]])
    assert worker.channel.sent == [([1, 2, 3], "picture picture picture")]
    for job in jobs.values():
        worker.receive(job)
    assert worker.queued() == worker.delayed() == []
    worker.assert_done(1, 2, 3)


def test_photos_that_failed(worker: Worker) -> None:
    """A photo without a picture, or whose picture is lost, is told of with the others."""
    one, two, three = worker.admit(1, 2, 3)
    worker.photos.delete_job(three.id)
    worker.receive(one.with_(failure=Failure(code="no-face")))
    worker.receive(two)
    advance_time(worker.redis, ALBUM_QUIET_SECONDS)
    worker.receive(three)
    assert worker.channel.sent == [([1, 2, 3], "no-face picture internal")]
    worker.assert_done(1, 2, 3)


def test_a_late_photo(worker: Worker) -> None:
    """Photos that have waited long enough are sent, and a late one is answered alone."""
    one, two, late = worker.admit(1, 2, 3)
    worker.receive(one)
    worker.receive(two)
    worker.delayed()
    advance_time(worker.redis, ALBUM_PATIENCE_MIN_SECONDS)
    worker.receive(one)
    assert worker.channel.sent == [([1, 2], "picture picture")]
    worker.receive(two)
    worker.receive(late)
    assert worker.channel.sent[1:] == [([3], "picture")]
    worker.assert_done(1, 2, 3)


def test_a_worker_that_died(worker: Worker) -> None:
    """After a worker has died with an album another one sends it, whichever message comes first."""
    for first, second in ((0, 1), (1, 0)):
        worker.channel.sent.clear()
        worker.answered.clear()
        numbers = (1, 2) if first else (3, 4)
        jobs = worker.admit(*numbers)
        worker.receive(jobs[0])
        advance_time(worker.redis, ALBUM_QUIET_SECONDS)
        assert isinstance(worker.ledger.begin(jobs[1], "deliver"), Start)
        assert isinstance(worker.ledger.albums.join(jobs[1], ALBUM), Together)
        # It is killed here.
        worker.receive(jobs[1])
        assert worker.delayed()[-1] == (numbers[1], 5)
        worker.redis.delete(keys.DELIVERING + jobs[1].id)
        if first:
            worker.redis.delete(keys.ALBUM_SENDS + ALBUM)
        for place in (first, second):
            worker.receive(jobs[1 - place])
        assert worker.channel.sent == [(list(numbers), "picture picture")]
        worker.assert_done(*numbers)


def test_an_album_that_is_refused(worker: Worker) -> None:
    """Photos that can't be sent together are sent one by one, at once."""
    one, two, three = worker.admit(1, 2, 3)
    worker.receive(one)
    worker.receive(two)
    worker.delayed()
    advance_time(worker.redis, ALBUM_QUIET_SECONDS)
    worker.channel.errors = [NotTogether("too large")]
    worker.receive(three)
    assert worker.channel.sent == [([3], "picture")]
    others = [job for job, _ in worker.queued()]
    assert [number_of(job) for job in others] == [1, 2]
    for job in (*others, one, two):
        worker.receive(job)
    assert worker.channel.sent[1:] == [([1], "picture"), ([2], "picture")]
    worker.assert_done(1, 2, 3)


def test_attempts_are_counted(worker: Worker) -> None:
    """Whoever sends an album knows how often it was sent without a word whether it arrived."""
    one, two = worker.admit(1, 2)
    worker.receive(one)
    worker.delayed()
    advance_time(worker.redis, ALBUM_QUIET_SECONDS)
    worker.channel.errors = [Unconfirmed("garbled"), TryLater("429", 3), Unconfirmed("garbled")]
    for job in (two, one, two):
        worker.receive(job)
        assert worker.delayed()[0][0] == number_of(job)
    worker.receive(one)
    assert isinstance(worker.channel, TogetherChannel)
    assert worker.channel.unconfirmed == [0, 1, 1, 2]
    worker.assert_done(1, 2)


def test_an_answer_that_was_not_recorded(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """An album that was sent while Redis went away is recorded later, and not sent again."""
    one, two = worker.admit(1, 2)
    worker.receive(one)
    advance_time(worker.redis, ALBUM_QUIET_SECONDS)
    with monkeypatch.context() as outage:
        outage.setattr(worker.ledger, "_finish", raising(redis_client.ConnectionError))
        worker.receive(two)
    ((sent, _),) = worker.queued()
    worker.redis.delete(keys.DELIVERING + two.id)
    worker.receive(one)  # while the album is claimed
    worker.receive(sent)
    worker.receive(one)
    worker.assert_done(1, 2)


def test_an_outage_while_sending(worker: Worker) -> None:
    """An album whose sending an outage interrupts goes back into the queue, and is not claimed."""
    one, two = worker.admit(1, 2)
    worker.receive(one)
    advance_time(worker.redis, ALBUM_QUIET_SECONDS)
    worker.channel.errors = [redis_client.ConnectionError("away")]
    with pytest.raises(PutBack):
        worker.receive(two)
    worker.receive(one)
    worker.assert_done(1, 2)


def test_a_photo_that_kills_its_workers(worker: Worker) -> None:
    """A photo whose workers died ends in an apology, and the others are sent without it."""
    one, two, three = worker.admit(1, 2, 3)
    worker.receive(one)
    worker.receive(two)
    advance_time(worker.redis, ALBUM_QUIET_SECONDS)
    worker.redis.hset(keys.STARTS + three.id, "deliver", ATTEMPTS)
    worker.redis.set(keys.ALBUM_SENDS + ALBUM, one.id)
    worker.receive(three)
    assert worker.channel.sent == []  # not while another one sends the album
    worker.redis.delete(keys.ALBUM_SENDS + ALBUM)
    worker.redis.hset(keys.STARTS + three.id, "deliver", ATTEMPTS)
    worker.receive(three)
    assert worker.channel.sent == [([3], INTERNAL.code)]
    worker.receive(one)
    assert worker.channel.sent[1:] == [([1, 2], "picture picture")]
    worker.assert_done(1, 2, 3)


def test_a_channel_without_albums(tmp_path: Path) -> None:
    """A channel that knows no albums answers each photo alone and at once."""
    worker = Worker(tmp_path, AloneChannel())
    for job in worker.admit(1, 2):
        worker.receive(job)
    assert worker.channel.sent == [([1], "picture"), ([2], "picture")]
    worker.assert_done(1, 2)


def raising(error: type[BaseException]) -> Any:
    """Return a function that raises."""

    def fail(**_: object) -> None:
        raise error("away")

    return fail
