"""Albums in the ledger: whatever the order of events, each photo is answered once."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from attrai.errors import TIMED_OUT
from attrai.job import Face, Failure, Job, Score, StageName, Timing, job_id
from attrai.ledger import Ledger, Start, Together, Wait, keys
from attrai.ledger.constants import (
    ALBUM_LOCK_SECONDS,
    ALBUM_MEMORY_SECONDS,
    ALBUM_PATIENCE_MIN_SECONDS,
    ALBUM_QUIET_SECONDS,
    SWEPT_LOST_SECONDS,
)
from attrai.processes.embedded import embedded_redis
from tests.ledger.test_ledger import advance_time

ALBUM = "an-album"
LIFETIME = 600


@pytest.fixture
def redis(each_redis: Redis) -> Redis:
    return each_redis


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return open_ledger(redis)


def open_ledger(redis: Redis) -> Ledger:
    """Open a ledger with room for one album."""
    return Ledger(redis, max_active=10, max_pending=100, lifetime=LIFETIME)


def make(number: int, **changes: object) -> Job:
    """Return a photo of the album."""
    return Job(
        id=job_id("test", number),
        channel="test",
        address={"message": number},
        user="ann",
        album=ALBUM,
        source=str(number),
        renderer="boxes",
        admitted_at=time.time(),
        queued_at=time.time(),
    ).with_(**changes)


def admit(ledger: Ledger, *numbers: int) -> list[Job]:
    """Admit photos of the album."""
    jobs = [make(number) for number in numbers]
    assert [ledger.admit(job) for job in jobs] == ["admitted"] * len(jobs)
    return jobs


def join(ledger: Ledger, job: Job) -> Together | Wait | None:
    """Begin to deliver a job, as a worker does, and join the album."""
    assert isinstance(ledger.begin(job, "deliver"), Start)
    found = ledger.albums.join(job, ALBUM)
    if not isinstance(found, Together):
        ledger.pause(job, "deliver")
    return found


def together(ledger: Ledger, job: Job) -> Together:
    """Join the album, which must be ready."""
    found = join(ledger, job)
    assert isinstance(found, Together)
    return found


def numbers(found: Together) -> list[tuple[int, int]]:
    """Return the places of the photos and their numbers in the tests."""
    return [(place, int(str(job.source))) for place, job in found.ready]


def finish(ledger: Ledger, job: Job, found: Together) -> bool:
    """Record that the album was answered with the message of `job`."""
    others = [other for _, other in found.ready if other.id != job.id]
    return ledger.finish(job.with_(together=others))


def assert_nothing_left(redis: Redis, ledger: Ledger) -> None:
    """Check that nothing of an album or a job in flight is in Redis."""
    assert ledger.in_flight() == 0
    for key in redis.scan_iter("attrai:album*"):
        assert list(redis.hgetall(key)) == [b"places"]
        assert 0 < redis.ttl(key) <= ALBUM_MEMORY_SECONDS
        redis.delete(key)
    left = {key.decode().rsplit(":", 1)[0] for key in redis.scan_iter()}
    left.discard("attrai:workers")  # of another test's processes, which still end
    assert left <= {"attrai", "attrai:answered", "attrai:day", "attrai:recent", "attrai:users"}


def test_cancelling_a_photo_of_an_album(redis: Redis, ledger: Ledger) -> None:
    """The others don't wait for it, and what is being sent with them can't be cancelled."""
    jobs = admit(ledger, 1, 2, 3, 4)
    for job in jobs[:3]:
        assert isinstance(join(ledger, job), Wait)
    assert ledger.cancel([jobs[1].id]) == [jobs[1].id]  # which is ready, but not sent yet
    advance_time(redis, 2 * LIFETIME / 3)  # the fourth takes too long
    found = together(ledger, jobs[0])
    assert numbers(found) == [(1, 1), (3, 3)]
    assert ledger.cancel([job.id for job in jobs]) == [jobs[1].id, jobs[3].id]
    assert finish(ledger, jobs[0], found)
    assert ledger.cancel([jobs[2].id]) == []
    assert_nothing_left(redis, ledger)


def test_cancelling_after_a_worker_died(redis: Redis, ledger: Ledger) -> None:
    """What a worker may have sent before it died can't be cancelled, but what was not sent can."""
    one, two = admit(ledger, 1, 2)
    join(ledger, one)
    advance_time(redis, ALBUM_QUIET_SECONDS)
    together(ledger, two)
    redis.delete(keys.ALBUM_SENDS + ALBUM, keys.DELIVERING + two.id)
    assert ledger.cancel([one.id, two.id]) == []
    together(ledger, two)
    ledger.albums.release(two, ALBUM)
    ledger.pause(two, "deliver")
    assert ledger.cancel([one.id, two.id]) == [one.id, two.id]
    assert_nothing_left(redis, ledger)


def test_cancelling_an_album(redis: Redis, ledger: Ledger) -> None:
    """Nothing is left of an album whose photos are all cancelled."""
    jobs = admit(ledger, 1, 2)
    assert isinstance(join(ledger, jobs[0]), Wait)
    assert ledger.cancel([job.id for job in jobs]) == [job.id for job in jobs]
    assert {ledger.begin(job, "deliver") for job in jobs} == {"answered"}
    assert_nothing_left(redis, ledger)


def test_the_last_one_answers_for_all(redis: Redis, ledger: Ledger) -> None:
    """Photos wait for each other, and with the last one's message all are finished."""
    one, two, three = admit(ledger, 1, 2, 3)
    advance_time(redis, ALBUM_QUIET_SECONDS)
    for job in (three, one):
        waiting = join(ledger, job)
        assert isinstance(waiting, Wait)
        assert 0 < waiting.seconds <= ALBUM_PATIENCE_MIN_SECONDS
    scored = two.with_(trace=[Timing(stage="ingest", waited=1, took=1)])
    found = together(ledger, scored)
    assert numbers(found) == [(1, 1), (2, 2), (3, 3)]
    assert found.unconfirmed_sends == 0
    assert found.ready[1][1] == scored
    assert finish(ledger, scored, found)
    assert [ledger.begin(job, "deliver") for job in (one, two, three)] == ["answered"] * 3
    assert not ledger.finish(one)
    assert_nothing_left(redis, ledger)


def test_more_may_come(redis: Redis, ledger: Ledger) -> None:
    """An album whose photos are all ready waits a moment for the next one."""
    (one,) = admit(ledger, 1)
    waiting = join(ledger, one)
    assert isinstance(waiting, Wait)
    assert 0 < waiting.seconds <= ALBUM_QUIET_SECONDS
    (two,) = admit(ledger, 2)
    assert isinstance(join(ledger, two), Wait)
    advance_time(redis, ALBUM_QUIET_SECONDS)
    assert numbers(together(ledger, one)) == [(1, 1), (2, 2)]


def test_a_late_photo_holds_up_nobody(redis: Redis, ledger: Ledger) -> None:
    """After the deadline those that are ready go out, and the late one is answered alone."""
    one, two, late = admit(ledger, 1, 2, 3)
    assert isinstance(join(ledger, one), Wait)
    assert isinstance(join(ledger, two), Wait)
    advance_time(redis, ALBUM_PATIENCE_MIN_SECONDS)
    found = together(ledger, two)
    assert numbers(found) == [(1, 1), (2, 2)]
    assert finish(ledger, two, found)
    assert ledger.holds(late.id)
    found = together(ledger, late)
    assert numbers(found) == [(3, 3)]
    assert finish(ledger, late, found)
    assert_nothing_left(redis, ledger)


def test_a_photo_that_comes_after_the_answer(redis: Redis, ledger: Ledger) -> None:
    """Photos whose updates come late are answered together, and numbered after the others."""
    for photos in ([1, 2], [3, 4]):
        one, two = admit(ledger, *photos)
        join(ledger, one)
        advance_time(redis, ALBUM_QUIET_SECONDS)
        found = together(ledger, two)
        assert [place for place, _ in numbers(found)] == photos
        assert finish(ledger, two, found)
    assert_nothing_left(redis, ledger)


def test_the_deadline_follows_the_estimate(redis: Redis, ledger: Ledger) -> None:
    """An album waits longer if its photos were expected to take long, but not until overdue."""
    redis.hset(keys.SERVICE, "score", 20)
    (one, _) = admit(ledger, 1, 2)
    waiting = join(ledger, one)
    assert isinstance(waiting, Wait)
    assert 2 * 20 <= waiting.seconds <= 2 * 2 * 20
    redis.hset(keys.SERVICE, "score", 10_000)
    admit(ledger, 3)
    waiting = join(ledger, one)
    assert isinstance(waiting, Wait)
    assert LIFETIME / 4 < waiting.seconds <= LIFETIME / 2


def test_the_deadline_follows_each_photo(redis: Redis, ledger: Ledger) -> None:
    """As long as one photo after another gets ready, those that are ready wait for the next."""
    *jobs, late = admit(ledger, 1, 2, 3, 4)
    for job in jobs:
        advance_time(redis, ALBUM_PATIENCE_MIN_SECONDS)
        assert isinstance(join(ledger, job), Wait)
        # Looking again is no progress.
        advance_time(redis, ALBUM_PATIENCE_MIN_SECONDS / 2)
        waiting = join(ledger, job)
        assert isinstance(waiting, Wait)
        assert waiting.seconds <= ALBUM_PATIENCE_MIN_SECONDS / 2
        advance_time(redis, -ALBUM_PATIENCE_MIN_SECONDS / 2)
    advance_time(redis, ALBUM_PATIENCE_MIN_SECONDS)
    assert numbers(together(ledger, jobs[0])) == [(1, 1), (2, 2), (3, 3)]
    assert ledger.holds(late.id)


def test_failures_and_refusals_belong_to_it(redis: Redis, ledger: Ledger) -> None:
    """A photo that was refused, or that failed on its way, is answered with the others."""
    one, two = admit(ledger, 1, 2)
    refused = make(3, failure=Failure(code="user-busy"))
    assert ledger.admit(refused) == "admitted"
    assert isinstance(join(ledger, refused), Wait)
    assert isinstance(join(ledger, one.with_(failure=Failure(code="no-face"))), Wait)
    advance_time(redis, ALBUM_QUIET_SECONDS)
    found = together(ledger, two)
    assert [job.failure and job.failure.code for _, job in found.ready] == [
        "no-face",
        None,
        "user-busy",
    ]
    assert finish(ledger, two, found)
    assert redis.hget(keys.DAY + ledger.today(), "outcome:no-face") == b"1"
    assert_nothing_left(redis, ledger)


def test_the_sweeper_sends_a_lost_photo(redis: Redis, ledger: Ledger) -> None:
    """An overdue photo joins as one that took too long, but not if its picture is ready."""
    one, two = admit(ledger, 1, 2)
    rated = one.with_(faces_found=1)
    assert isinstance(join(ledger, rated), Wait)
    advance_time(redis, LIFETIME)
    overdue = {job.id: job for job in ledger.claim_overdue()}
    assert {job.album for job in overdue.values()} == {ALBUM}
    found = together(ledger, overdue[one.id])
    assert numbers(found) == [(1, 1)]
    assert found.ready[0][1] == rated
    assert finish(ledger, overdue[one.id], found)
    found = together(ledger, overdue[two.id])
    assert [job.failure for _, job in found.ready] == [TIMED_OUT]
    assert finish(ledger, overdue[two.id], found)
    assert_nothing_left(redis, ledger)


def test_one_worker_answers(redis: Redis, ledger: Ledger) -> None:
    """While a worker answers an album nobody else does, and after its death another one may."""
    one, two = admit(ledger, 1, 2)
    assert isinstance(join(ledger, one), Wait)
    advance_time(redis, ALBUM_PATIENCE_MIN_SECONDS)
    claimed = together(ledger, two)
    assert isinstance(join(ledger, one), Wait)
    assert not ledger.albums.leave(one, ALBUM)
    assert 0 < redis.ttl(keys.ALBUM_SENDS + ALBUM) <= ALBUM_LOCK_SECONDS
    ledger.albums.release(one, ALBUM)  # whose message has no claim
    assert isinstance(join(ledger, one), Wait)
    # Its message comes back to another worker, or its claim expires.
    assert ledger.albums.join(two, ALBUM) == claimed
    redis.delete(keys.ALBUM_SENDS + ALBUM)
    assert together(ledger, one) == claimed


def test_a_claim_is_released(redis: Redis, ledger: Ledger) -> None:
    """An answer that could not be sent is sent by whoever comes next, who knows of the attempt."""
    one, two = admit(ledger, 1, 2)
    join(ledger, one)
    advance_time(redis, ALBUM_QUIET_SECONDS)
    for count in range(3):
        sender = (two, one)[count % 2]
        found = ledger.albums.join(sender, ALBUM)
        assert isinstance(found, Together)
        assert found.unconfirmed_sends == count
        ledger.albums.release(sender, ALBUM, "unconfirmed")
    found = together(ledger, two)
    assert finish(ledger, two, found)
    assert_nothing_left(redis, ledger)


def test_an_album_that_is_answered_one_by_one(redis: Redis, ledger: Ledger) -> None:
    """Once an album can't be answered at once, each of its photos is answered alone."""
    one, two = admit(ledger, 1, 2)
    join(ledger, one)
    advance_time(redis, ALBUM_QUIET_SECONDS)
    together(ledger, two)
    ledger.albums.release(two, ALBUM, "alone")
    assert [join(ledger, one), ledger.albums.join(two, ALBUM)] == [None, None]
    assert [ledger.finish(job) for job in (one, two)] == [True, True]
    assert_nothing_left(redis, ledger)


def test_leaving(redis: Redis, ledger: Ledger) -> None:
    """A photo that leaves the album is answered alone, and the others don't wait for it."""
    one, two = admit(ledger, 1, 2)
    assert ledger.albums.leave(two, ALBUM)
    advance_time(redis, ALBUM_QUIET_SECONDS)
    assert numbers(together(ledger, one)) == [(1, 1)]


def test_photos_that_others_answered(redis: Redis, ledger: Ledger) -> None:
    """A photo that a worker of an older version answered is not waited for, nor sent again."""
    one, two, three = admit(ledger, 1, 2, 3)
    assert isinstance(join(ledger, one), Wait)
    # That worker does not know the album.
    for job in (one, two):
        assert ledger.finish(job.with_(album=None))
    advance_time(redis, ALBUM_QUIET_SECONDS)
    found = together(ledger, three)
    assert numbers(found) == [(3, 3)]
    assert finish(ledger, three, found)
    assert_nothing_left(redis, ledger)


def test_an_entry_of_another_version(redis: Redis, ledger: Ledger) -> None:
    """An album with a photo that this worker can't read is answered one by one."""
    one, two = admit(ledger, 1, 2)
    redis.hset(keys.ALBUMS + ALBUM, one.id, '1 {"version": 3}')
    advance_time(redis, ALBUM_QUIET_SECONDS)
    assert join(ledger, two) is None
    assert join(ledger, one) is None


def test_redis_loses_an_album(redis: Redis, ledger: Ledger) -> None:
    """Photos whose album is lost are answered all the same, with those that come about then."""
    one, two, three = admit(ledger, 1, 2, 3)
    join(ledger, one)
    redis.flushall()
    assert isinstance(join(ledger, three), Wait)
    assert isinstance(join(ledger, one), Wait)
    advance_time(redis, ALBUM_QUIET_SECONDS)
    found = together(ledger, one)
    assert numbers(found) == [(1, 3), (2, 1)]
    assert finish(ledger, one, found)
    assert isinstance(join(ledger, two), Wait)
    advance_time(redis, ALBUM_QUIET_SECONDS)
    found = together(ledger, two)
    assert finish(ledger, two, found)
    assert_nothing_left(redis, ledger)


def test_nothing_is_kept_for_ever(redis: Redis, ledger: Ledger) -> None:
    """An album whose jobs are all lost expires."""
    admit(ledger, 1)
    assert LIFETIME < redis.ttl(keys.ALBUMS + ALBUM) <= 2 * LIFETIME + SWEPT_LOST_SECONDS


def test_scores_are_counted(redis: Redis, ledger: Ledger, face: Face) -> None:
    """Each photo of an album counts in the statistics of the day."""
    one, two = (
        job.with_(faces=[face], scores=[Score(value=7.2, spread=1)], trace=[timed("ingest")])
        for job in admit(ledger, 1, 2)
    )
    join(ledger, one)
    advance_time(redis, ALBUM_QUIET_SECONDS)
    found = together(ledger, two)
    assert finish(ledger, two.with_(trace=[*two.trace, timed("deliver")]), found)
    day = redis.hgetall(keys.DAY + ledger.today())
    assert (day[b"outcome:rated"], day[b"score:7.0"]) == (b"2", b"2")


def timed(stage: StageName) -> Timing:
    """Return the record of a stage."""
    return Timing(stage=stage, waited=1, took=1)


class Workers:
    """Workers of deliver, which may die or have to wait, and the messages of an album."""

    def __init__(self, data: st.DataObject, count: int) -> None:
        self.redis = embedded_redis()
        self._ledger = open_ledger(self.redis)
        self._data = data
        self._jobs = dict(enumerate(admit(self._ledger, *range(1, count + 1)), 1))
        self.messages: list[int] = []
        #: The numbers of the photos that were answered together, each time.
        self.answers: list[list[int]] = []
        advance_time(self.redis, ALBUM_QUIET_SECONDS)

    def deliver(self, number: int) -> None:
        """Have a worker take the message of a photo."""
        job = self._jobs[number]
        if self._ledger.begin(job, "deliver") == "answered":
            self.messages.remove(number)
            return
        found = self._ledger.albums.join(job, ALBUM)
        if isinstance(found, Together):
            self._answer(job, found)
        else:
            self._ledger.pause(job, "deliver")

    def _answer(self, job: Job, found: Together) -> None:
        match self._data.draw(st.sampled_from(["sent", "postponed", "killed"])):
            case "sent":
                assert numbers(found) == sorted(numbers(found))
                self.answers.append([number for _, number in numbers(found)])
                assert finish(self._ledger, job, found)
            case "postponed":
                self._ledger.albums.release(job, ALBUM)
                self._ledger.pause(job, "deliver")
            case "killed":
                self.redis.delete(keys.DELIVERING + job.id, keys.ALBUM_SENDS + ALBUM)

    def go_on(self) -> None:
        """Deliver the messages in any order until there are none, as time passes or not."""
        for number in self._data.draw(st.permutations(self.messages)):
            self.deliver(number)
        while self.messages:
            if self._data.draw(st.booleans()):
                advance_time(self.redis, ALBUM_PATIENCE_MIN_SECONDS)
            self.deliver(self._data.draw(st.sampled_from(self.messages)))

    def end(self) -> None:
        """Check that nothing is left."""
        assert_nothing_left(self.redis, self._ledger)


@given(st.data(), st.integers(2, 5), st.sets(st.integers(1, 5)))
def test_any_order(data: st.DataObject, count: int, late: set[int]) -> None:
    """Whatever the order and whoever dies, each photo is answered once.

    If no photo is late all are answered at once and in order.
    """
    workers = Workers(data, count)
    workers.messages = [number for number in range(1, count + 1) if number not in late]
    on_time = len(workers.messages) == count
    workers.go_on()
    workers.messages = [number for number in range(1, count + 1) if number in late]
    workers.go_on()
    assert sorted(itertools.chain(*workers.answers)) == list(range(1, count + 1))
    assert not on_time or len(workers.answers) == 1
    workers.end()
