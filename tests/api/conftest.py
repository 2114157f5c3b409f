"""A server of the HTTP interface in this process, whose stages are what a test does by hand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import fakeredis
import pytest
import requests
from dramatiq.brokers.stub import StubBroker

from attrai.actors.intake import Intake
from attrai.api.channel import ApiChannel
from attrai.api.keys import ApiKeys
from attrai.api.photos import Photos
from attrai.api.results import Results
from attrai.api.server import ApiServer
from attrai.job import Face, Failure, Job, Score
from attrai.services import make_ledger
from attrai.settings import Settings
from attrai.storage import PHOTO, UnlinkedStore

KEY, OTHER_KEY = "a-key-of-one-program", "a-key-of-another-program"
#: What the stages make of every photo.
PICTURE = b"\xff\xd8\xff\xe0 a picture"


class Door:
    """A running server, and the stages' side of it."""

    def __init__(self, settings: Settings, keys: list[str]) -> None:
        self.redis = fakeredis.FakeRedis(server=fakeredis.FakeServer())
        self.ledger = make_ledger(self.redis, settings)
        self.broker = StubBroker()
        for stage in ("ingest", "deliver"):
            self.broker.declare_queue(stage)
        self.store = UnlinkedStore()
        self.channel = ApiChannel(self.store, Results(self.redis, self.ledger, self.store))
        self.beats = threading.Event()
        self.ready = True
        photos = Photos(self.redis, Intake(self.broker, self.ledger), self.store)
        self.server = ApiServer(
            photos,
            ApiKeys(keys) if keys else None,
            settings.max_file_mb,
            lambda: self.ready,
            self.beats.set,
        )
        self.url = ""
        self.port = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve during a block."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        with closing(self.store), self.server.running(listener):
            yield

    def ask(
        self, method: str, path: str, key: str | None = KEY, **arguments: Any
    ) -> requests.Response:
        """Send a request with a key."""
        headers: dict[str, str | None] = {**arguments.pop("headers", {})}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return requests.request(method, self.url + path, headers=headers, timeout=60, **arguments)

    def send(self, photo: bytes = b"a photo", **arguments: Any) -> requests.Response:
        """Send a photo as a form."""
        return self.ask("POST", "/v1/photos", files={"photo": photo}, **arguments)

    def sent(self, photo: bytes = b"a photo", **arguments: Any) -> str:
        """Send a photo, and return its id."""
        answer = self.send(photo, **arguments)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def jobs(self) -> list[Job]:
        """Return the jobs that were published to ingest, in order."""
        messages = list(self.broker.queues["ingest"].queue)
        return [Job.from_message(self._job(message)) for message in messages]

    def _job(self, message: bytes) -> Mapping[str, Any]:
        from dramatiq import Message  # noqa: PLC0415 - beside its use

        (job,) = Message.decode(message).args
        return dict(job)

    def process(self, id_: str, failure: Failure | None = None, face: Face | None = None) -> bytes:
        """Do what the stages do with a photo, and return what was uploaded."""
        job = self.ledger.admitted(id_)
        assert job is not None
        upload = self.channel.fetch(job, 10**6)
        self.store.write(id_, PHOTO, b"the upright photo")
        self.channel.release(job)
        if failure:
            job = job.with_(failure=failure)
            self.channel.send_failure(job, failure)
        else:
            if face:
                score = Score(value=7, spread=1.5)
                job = job.with_(size=(640, 480), faces=[face, face], scores=[score, None])
                job = job.with_(faces_found=2)
            self.channel.deliver(job, PICTURE)
        assert self.ledger.finish(job)
        self.store.delete_job(id_)
        return upload

    def files(self) -> set[str]:
        """Return the folders in the photo store that have files."""
        return set(self.store.job_ids(-1))

    def sweep(self) -> None:
        """Sweep as if all files were old."""
        orphans = self.ledger.orphans(list(self.files()))
        for folder in orphans:
            self.store.delete_job(folder)


@contextmanager
def open_door(keys: list[str], **settings: Any) -> Iterator[Door]:
    """Run a server with these keys and settings."""
    door = Door(Settings.model_validate(settings), keys)
    with door.running():
        yield door


@pytest.fixture
def door() -> Iterator[Door]:
    """Return a running server with two keys."""
    with open_door([KEY, OTHER_KEY]) as door:
        yield door
