"""The ledger against a model: in any order of events each job is answered exactly once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import fakeredis
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from attrai.errors import TIMED_OUT
from attrai.job import STAGES, Job, StageName, Timing, job_id
from attrai.ledger import Ledger, Start
from attrai.ledger.constants import (
    SWEEP_RETRY_MAX_SECONDS,
    SWEEP_RETRY_MIN_SECONDS,
    SWEPT_LOST_SECONDS,
)
from tests.ledger.test_ledger import advance_time

MAX_ACTIVE, MAX_PENDING, LIFETIME = 2, 4, 1000
#: The time by Redis's clock, which stands still.
NOW = 1.8e9


@dataclass
class Held:
    """A job that has a slot."""

    job: Job
    deadline: float
    #: When the sweeper may publish it, and from when its last message counts as lost.
    sweep_at: float
    lost_at: float | None = None
    starts: dict[StageName, int] = field(default_factory=dict)
    being_delivered: bool = False


@dataclass(eq=False)
class Message:
    """A message in a stage's queue, or one that a worker has taken."""

    stage: StageName
    job: Job
    start: Start | None = None


class LedgerMachine(RuleBasedStateMachine):
    """Jobs, their messages and workers, as events may befall them."""

    def __init__(self) -> None:
        super().__init__()
        # Only `wait` lets time pass, however long an example takes.
        self.patches = pytest.MonkeyPatch()
        self.patches.setattr(time, "time", lambda: NOW)
        self.redis = fakeredis.FakeRedis(server=fakeredis.FakeServer())
        self.ledger = Ledger(
            self.redis, max_active=MAX_ACTIVE, max_pending=MAX_PENDING, lifetime=LIFETIME
        )
        self.now = 0.0
        self.held: dict[str, Held] = {}
        self.queued: list[Message] = []
        self.taken: list[Message] = []
        #: The jobs that must be answered, and how often they have been.
        self.admitted: set[str] = set()
        self.answers: dict[str, int] = {}
        #: Those that Redis knows to be answered.
        self.remembered: set[str] = set()

    @rule(number=st.integers(0, 2), user=st.sampled_from("ab"))
    def admit(self, number: int, user: str) -> None:
        """A photo arrives, perhaps not for the first time."""
        job = Job(
            id=job_id("test", number, user),
            channel="test",
            address={},
            user=user,
            source="",
            renderer="boxes",
            admitted_at=NOW,
            queued_at=0,
        )
        counted = [held for held in self.held.values() if held.sweep_at > self.now]
        of_user = [h for h in self.held.values() if h.job.user == user and h.deadline > self.now]
        if job.id in self.held:
            expected = "repeated"
        elif job.id in self.remembered:
            expected = "answered"
        elif len(of_user) >= MAX_ACTIVE:
            expected = "user-busy"
        elif len(counted) >= MAX_PENDING:
            expected = "busy"
        else:
            expected = "admitted"
        if expected == "admitted" and (job.id in self.answers or job.id in self.admitted):
            return  # Redis has lost this job: whether it is a new one can't be known
        assert self.ledger.admit(job) == expected
        if expected == "admitted":
            self._hold(job)
            self.admitted.add(job.id)
        if expected in ("admitted", "repeated"):
            self.queued.append(Message("ingest", job))

    @precondition(lambda self: self.queued)
    @rule(data=st.data())
    def copy(self, data: st.DataObject) -> None:
        """RabbitMQ delivers a message twice."""
        message = data.draw(st.sampled_from(self.queued))
        self.queued.append(Message(message.stage, message.job))

    @precondition(lambda self: self.queued)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """A queue loses a message."""
        message = data.draw(st.sampled_from(self.queued))
        self.queued.remove(message)
        self._forget_the_lost()

    @precondition(lambda self: self.queued)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """A worker takes a message."""
        self._begin(data.draw(st.sampled_from(self.queued)))

    def _begin(self, message: Message) -> None:
        job, stage = message.job, message.stage
        begun = self.ledger.begin(job, stage)
        if job.id in self.remembered:
            assert begun == "answered"
            self.queued.remove(message)
            return
        if job.id not in self.held:
            self._hold(job)  # Redis has lost it
        held = self.held[job.id]
        if stage == "deliver" and held.being_delivered:
            assert begun == "being-delivered"
            return
        held.being_delivered = stage == "deliver" or held.being_delivered
        if job.failure == TIMED_OUT and held.lost_at is not None and held.lost_at > self.now:
            overdue = self.now - held.deadline
            pause = min(max(SWEEP_RETRY_MIN_SECONDS, overdue), SWEEP_RETRY_MAX_SECONDS)
            held.sweep_at, held.lost_at = self.now + pause, None
        if job.trace:
            held.starts.pop(job.trace[-1].stage, None)
        held.starts[stage] = held.starts.get(stage, 0) + 1
        assert isinstance(begun, Start)
        assert begun.number == held.starts[stage]
        assert begun.overdue == (held.deadline <= self.now)
        assert begun.age == pytest.approx(max(0, self.now - held.deadline + LIFETIME), abs=1e-3)
        self.queued.remove(message)
        self.taken.append(Message(stage, job, begun))

    @precondition(lambda self: self.queued)
    @rule(data=st.data())
    def hurry(self, data: st.DataObject) -> None:
        """A job gets as far as deliver without a fault."""
        message = data.draw(st.sampled_from(self.queued))
        while message in self.queued and message.stage != "deliver":
            self._begin(message)
            if message not in self.queued and self.taken and self.taken[-1].job is message.job:
                self._end(self.taken[-1])
                message = self.queued[-1]

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """A worker is done with its message."""
        self._end(data.draw(st.sampled_from(self.taken)))

    def _end(self, message: Message) -> None:
        self.taken.remove(message)
        job, stage = message.job, message.stage
        if stage != "deliver":
            done = Timing(stage=stage, waited=0, took=0.1)
            following = STAGES[STAGES.index(stage) + 1]
            self.queued.append(Message(following, job.with_(trace=(*job.trace, done))))
            return
        self.answers[job.id] = self.answers.get(job.id, 0) + 1
        assert self.ledger.finish(job)
        assert not self.ledger.finish(job)
        self.held.pop(job.id, None)
        self.remembered.add(job.id)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A user gives up a photo, which is too late once its answer may have been sent."""
        job_id = data.draw(st.sampled_from(sorted(self.held)))
        too_late = "deliver" in self.held[job_id].starts
        for _ in range(2):
            assert self.ledger.cancel([job_id]) == ([] if too_late else [job_id])
        if not too_late:
            job = self.held.pop(job_id).job
            assert not self.ledger.finish(job)
            self.remembered.add(job_id)
            self.answers[job_id] = self.answers.get(job_id, 0) + 1

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def postpone(self, data: st.DataObject) -> None:
        """The other side can't be reached."""
        message = data.draw(st.sampled_from(self.taken))
        self.taken.remove(message)
        self.ledger.pause(message.job, message.stage)
        if held := self.held.get(message.job.id):
            held.starts.pop(message.stage, None)
            if message.stage == "deliver":
                held.being_delivered = False
        assert message.start is not None
        if not (message.start.overdue and self.ledger.holds(message.job.id)):
            self.queued.append(Message(message.stage, message.job))

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        """A worker is killed, and its message given to another when its lock has expired."""
        message = data.draw(st.sampled_from(self.taken))
        self.taken.remove(message)
        self.queued.append(Message(message.stage, message.job))
        if message.stage == "deliver":
            self.redis.delete(f"attrai:delivering:{message.job.id}")
            if held := self.held.get(message.job.id):
                held.being_delivered = False

    @rule(seconds=st.sampled_from([67.3, 311.7, LIFETIME + 3.9, SWEPT_LOST_SECONDS + 11.1]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        advance_time(self.redis, seconds)
        self.now += seconds

    @rule()
    def sweep(self) -> None:
        """The sweeper looks for overdue jobs."""
        due = [held for held in self.held.values() if held.sweep_at <= self.now]
        claimed = self.ledger.claim_overdue()
        assert {job.id for job in claimed} == {held.job.id for held in due}
        for held in due:
            held.sweep_at = held.lost_at = self.now + SWEPT_LOST_SECONDS
        self.queued += [Message("deliver", job) for job in claimed]

    @rule()
    def flush(self) -> None:
        """Redis loses its data.

        What is answered can't be told from what isn't any more, so that no message has a copy here.
        """
        self.redis.flushall()
        self.held.clear()
        self.remembered.clear()
        kept: set[str] = set()
        for messages in (self.taken, self.queued):
            for message in list(messages):
                if message.job.id in kept or message.job.id in self.answers:
                    messages.remove(message)
                kept.add(message.job.id)
        self._forget_the_lost()

    def _forget_the_lost(self) -> None:
        """Expect no answer to a job of which neither Redis nor a message knows."""
        alive = {message.job.id for message in (*self.taken, *self.queued)}
        self.admitted &= alive | set(self.held) | set(self.answers)

    def _hold(self, job: Job) -> None:
        self.held[job.id] = Held(job, self.now + LIFETIME, self.now + LIFETIME)

    @invariant()
    def slots_are_those_of_the_model(self) -> None:
        """Each job in flight has one slot, under its user."""
        assert self.ledger.in_flight() == len(self.held)
        assert self.ledger.held(sorted(self.admitted)) == set(self.held)
        for user in "ab":
            names = (f"attrai:{kind}:{user}" for kind in ("user", "refused"))
            slots = [job.decode() for name in names for job in self.redis.zrange(name, 0, -1)]
            assert sorted(slots) == sorted(
                h.job.id for h in self.held.values() if h.job.user == user
            )

    def teardown(self) -> None:
        """In the end each job is answered once, and nothing is left."""
        try:
            self._answer_all()
        finally:
            self.patches.undo()

    def _answer_all(self) -> None:
        for message in list(self.taken):
            if message.stage != "deliver" or message.job.id not in self.remembered:
                self._end(message)
        self.taken.clear()
        while self.held or self.queued:
            for message in list(self.queued):
                self._begin(message)
                for taken in list(self.taken):
                    self._end(taken)
            self.wait(SWEPT_LOST_SECONDS + 1)
            self.sweep()
        assert self.answers == dict.fromkeys(self.admitted, 1)
        left = {key.decode().rsplit(":", 1)[0] for key in self.redis.scan_iter()}
        assert left <= {"attrai", "attrai:answered", "attrai:day", "attrai:recent", "attrai:users"}


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(stateful_step_count=30)
