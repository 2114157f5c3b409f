"""Versions: workers of two releases share the queues and Redis during an update."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from redis import Redis

from attrai.actors.deliver import Deliver
from attrai.actors.detect import Detect
from attrai.actors.ingest import Ingest
from attrai.actors.render import Render
from attrai.actors.score import ScoreFaces
from attrai.actors.stage import VERSION_PATIENCE_SECONDS, Stage
from attrai.broker import middleware
from attrai.errors import INTERNAL
from attrai.job import STAGES, Failure, Job, StageName
from attrai.ledger import Ledger, Start
from attrai.processes.embedded import embedded_redis
from attrai.services import Services
from attrai.settings import Settings
from attrai.storage import VolumeStore
from testing.folder_channel import FolderChannel

ID = "3f786850e387550fdab836ed7e6dc881"
#: A message of the first release, as it lay in the queue of deliver.
RECORDED: dict[str, Any] = {
    "id": ID,
    "channel": "folder",
    "address": {"chat": 7, "message": 8},
    "user": "a1b2",
    "locale": "ru",
    "version": 1,
    "source": "file",
    "renderer": "boxes",
    "admitted_at": 1767225600.25,
    "queued_at": 1767225601.5,
    "size": [640, 480],
    "faces": [
        {
            "box": [10.5, 20.0, 110.5, 140.0],
            "landmarks": [[35, 45], [65, 45], [50, 65], [38, 85], [62, 85]],
            "probability": 0.99,
        }
    ],
    "faces_found": 1,
    "scores": [{"value": 5.5, "spread": 1.25}],
    "failure": {"code": "no-face", "details": {"limit": 20}},
    "trace": [{"stage": "ingest", "waited": 0.25, "took": 0.125}],
}


#: A message of version 2, the first that may hold a face without a score.
WITHOUT_A_SCORE = RECORDED | {"version": 2, "scores": [None]}


def newer(message: Any) -> Any:
    """Return a message of a later release of the same version, with a new field everywhere."""
    if isinstance(message, list):
        return [newer(entry) for entry in message]
    if not isinstance(message, dict):
        return message
    return {name: newer(entry) for name, entry in message.items()} | {"novelty": [1, {"a": None}]}


def newer_message() -> dict[str, Any]:
    """Return the recorded message with new fields; dictionaries of data stay as they are."""
    message: dict[str, Any] = newer(RECORDED)
    message["address"] = RECORDED["address"]
    message["failure"]["details"] = RECORDED["failure"]["details"]
    return message


#: Fields that came later, as they are in a message that didn't have them.
ADDED = {
    "unconfirmed_sends": 0,
    "failed_fetches": 0,
    "answered": False,
    "album": None,
    "together": [],
}


def test_an_older_message() -> None:
    """A message of the first release is read, and loses nothing."""
    assert json.loads(json.dumps(Job.from_message(RECORDED).to_message())) == RECORDED | ADDED


def test_a_message_of_version_2() -> None:
    """A message of version 2 is read and stays one; only an older worker sets it aside."""
    job = Job.from_message(WITHOUT_A_SCORE)
    assert [scored.minor for scored in job.scored_faces] == [True]
    assert json.loads(json.dumps(job.to_message())) == WITHOUT_A_SCORE | ADDED


def test_a_newer_message() -> None:
    """Fields that a worker doesn't know reach the next worker, nested ones too."""
    message = newer_message()
    job = Job.from_message(message)
    assert json.loads(json.dumps(job.to_message())) == message | ADDED
    changed = job.with_(renderer="ranking", trace=(*job.trace, *job.trace))
    passed_on = json.loads(json.dumps(changed.to_message()))
    assert passed_on["novelty"] == message["novelty"]
    assert passed_on["faces"] == message["faces"]
    assert passed_on["trace"] == message["trace"] * 2
    assert job.as_admitted().to_message()["novelty"] == message["novelty"]


@pytest.mark.parametrize("message", [RECORDED, newer_message()])
def test_tickets(message: dict[str, Any]) -> None:
    """Tickets of an older and a newer bot are read, to repeat a job and to answer for it."""
    redis = embedded_redis()
    ledger = Ledger(redis, max_active=9, max_pending=9, lifetime=0)
    ledger.admit(Job.from_message(message))
    redis.hset("attrai:tickets", ID, json.dumps(message))
    admitted = ledger.admitted(ID)
    assert admitted is not None
    assert admitted.to_message() == Job.from_message(message).to_message()
    (overdue,) = ledger.claim_overdue()
    assert (overdue.id, overdue.address, overdue.locale) == (ID, message["address"], "ru")


def test_a_ticket_of_another_version() -> None:
    """A ticket of another version can't be repeated, but its job can be answered."""
    redis = embedded_redis()
    ledger = Ledger(redis, max_active=9, max_pending=9, lifetime=0)
    ledger.admit(Job.from_message(RECORDED))
    redis.hset("attrai:tickets", ID, json.dumps({**RECORDED, "version": 3, "renderer": 5}))
    assert ledger.admitted(ID) is None
    assert [job.id for job in ledger.claim_overdue()] == [ID]


class Worker:
    """A worker of one stage, with its queues."""

    def __init__(self, stage: type[Stage], folder: Path, redis: Redis) -> None:
        self.redis, self.name = redis, stage.name
        self.ledger = Ledger(redis, max_active=9, max_pending=9, lifetime=3600)
        self.broker = StubBroker(middleware=middleware())
        for queue in STAGES:
            self.broker.declare_queue(queue)
        channels = {"folder": FolderChannel()}
        services = Services(
            Settings(), VolumeStore(folder), self.ledger, channels, lambda _job: None
        )
        # Without loading its network: the message is not processed.
        self.stage = stage.__new__(stage)
        Stage.__init__(self.stage, services)
        self.stage.declare(self.broker)

    def receive(self, message: dict[str, Any]) -> None:
        """Process a message."""
        self.stage._receive(message)

    def queued(self, queue: str) -> list[dict[str, Any]]:
        """Take the messages out of a queue, each with the delay that it has."""
        found = self.broker.queues[queue].queue
        messages = [dramatiq.Message.decode(found.popleft()) for _ in range(len(found))]
        return [{**message.args[0], "delay": message.options.get("delay")} for message in messages]


def next_version(**changes: object) -> dict[str, Any]:
    """Return a message that only a worker of the next version can process."""
    message = {**RECORDED, "version": 3, "faces": "elsewhere", "failure": None}
    return message | {"admitted_at": time.time()} | changes


@pytest.fixture(params=[Ingest, Detect, ScoreFaces, Render, Deliver])
def worker(request: pytest.FixtureRequest, tmp_path: Path) -> Worker:
    return Worker(request.param, tmp_path, embedded_redis())


def test_another_version_waits(worker: Worker) -> None:
    """A job of another version returns to its queue as it came, each time for longer."""
    worker.ledger.admit(Job.from_message(RECORDED | {"failure": None}))
    delays, message = [], next_version()
    for waited in (0, 20, 60, 300):
        worker.redis.zincrby(f"attrai:at:{worker.name}", -waited, ID)
        worker.receive(message)
        (again,) = worker.queued(f"{worker.name}.DQ")
        delays.append(again.pop("delay") / 1000)
        assert again == message
        assert worker.queued("deliver") == []
    assert delays[0] < 1.3
    assert delays == sorted(delays)
    assert delays[-1] <= 72
    start = worker.ledger.begin(Job.from_message(RECORDED), worker.name)
    assert isinstance(start, Start)
    assert start.number == 1  # a newer worker's first attempt


def test_another_version_is_answered(worker: Worker) -> None:
    """A job of a version that no worker has for minutes ends in a failure message."""
    worker.ledger.admit(Job.from_message(RECORDED | {"failure": None}))
    worker.receive(next_version())
    assert len(worker.queued(f"{worker.name}.DQ")) == 1
    worker.redis.zincrby(f"attrai:at:{worker.name}", -VERSION_PATIENCE_SECONDS, ID)
    worker.receive(next_version())
    assert worker.queued(f"{worker.name}.DQ") == []
    (failed,) = worker.queued("deliver")
    assert (failed["id"], failed["address"]) == (ID, RECORDED["address"])
    assert Failure(**failed["failure"]) == INTERNAL


def test_another_version_that_is_answered_already(worker: Worker) -> None:
    """A late copy of another version is dropped."""
    job = Job.from_message(RECORDED | {"failure": None})
    worker.ledger.admit(job)
    worker.ledger.finish(job)
    worker.receive(next_version())
    assert worker.queued(f"{worker.name}.DQ") == worker.queued("deliver") == []


def test_another_version_that_redis_has_lost(worker: Worker) -> None:
    """A job of another version that Redis has lost waits too, and can be answered."""
    worker.receive(next_version())
    assert len(worker.queued(f"{worker.name}.DQ")) == 1
    assert worker.ledger.holds(ID)
    worker.redis.zincrby("attrai:jobs", -3600, ID)
    assert [job.address for job in worker.ledger.claim_overdue()] == [RECORDED["address"]]


@pytest.mark.parametrize("changes", [{"version": "3"}, {"version": 1, "queued_at": "soon"}])
def test_rubbish_is_answered_at_once(worker: Worker, changes: dict[str, Any]) -> None:
    """A message of wrong types is no message of another version."""
    worker.receive(next_version(**changes))
    assert worker.queued(f"{worker.name}.DQ") == []
    assert [failed["id"] for failed in worker.queued("deliver")] == [ID]


def test_another_version_without_a_sender(worker: Worker) -> None:
    """A message of another version that names nobody to answer is dropped."""
    worker.receive({"version": 3})
    assert worker.queued(f"{worker.name}.DQ") == worker.queued("deliver") == []


@pytest.mark.parametrize("stage", STAGES)
def test_set_aside_once(stage: StageName) -> None:
    """How long a job has been set aside is counted from the first time, at each stage anew."""
    redis = embedded_redis()
    ledger = Ledger(redis, max_active=9, max_pending=9, lifetime=3600)
    job = Job.from_message(RECORDED)
    ledger.admit(job)
    redis.zadd("attrai:at:ingest", {ID: time.time() - 500})  # it waited in the queue
    assert ledger.set_aside(job, stage, RECORDED) == 0
    redis.zincrby(f"attrai:at:{stage}", -30, ID)
    waited = ledger.set_aside(job, stage, RECORDED)
    assert waited is not None
    assert 30 <= waited < 400
