"""Outages of RabbitMQ, Redis and the bucket: no photo is lost, no attempt used up, no id logged."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import pika
import pytest
import redis
from dramatiq.middleware import TimeLimitExceeded
from dramatiq.threading import raise_thread_exception
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout

from attrai import logs
from attrai.actors import stage as module
from attrai.actors.ingest import Ingest
from attrai.actors.stage import publish
from attrai.broker import Broker, hide_messages, middleware
from attrai.errors import StoreUnavailable
from attrai.job import STAGES, Job
from attrai.ledger import Ledger
from attrai.ledger.ledger import Start
from attrai.processes.embedded import embedded_redis
from attrai.services import Services
from attrai.settings import Settings
from attrai.storage import VolumeStore
from testing.connections import serving
from testing.folder_channel import FolderChannel
from testing.servers import RabbitServer, RedisServer
from testing.waiting import PATIENCE_S, wait_for
from tests.cluster.conftest import Cluster
from tests.conftest import ASTRONAUT

pytestmark = pytest.mark.servers

#: More outages than a job has attempts, and than a worker may die at it.
OUTAGES = 5


@pytest.fixture
def records() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return a function that returns the test's log records, parsed from JSON."""
    stream = io.StringIO()
    logs.configure("info", stream).addFilter(hide_messages)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.configure("warning", io.StringIO())


class Faulty:
    """Raises an error at some place for a number of times."""

    def __init__(self, place: str, error: BaseException) -> None:
        self.place, self.error, self.left = place, error, OUTAGES

    def __call__(self, place: str) -> None:
        if place == self.place and self.left:
            self.left -= 1
            raise self.error


class FaultyLedger(Ledger):
    """A ledger whose calls fail."""

    fault: Faulty

    def begin(self, job: Job, stage: Any) -> Start:
        self.fault("before begin")
        return super().begin(job, stage)


class FaultyChannel(FolderChannel):
    """A channel that needs Redis, as Telegram's does for its rate limits."""

    def __init__(self, fault: Faulty) -> None:
        self.fault = fault

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        self.fault("in the stage's work")
        return super().fetch(job, max_bytes)


class FaultyBroker(Broker):
    """A broker that does not publish."""

    fault: Faulty

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        if message.queue_name == "detect":
            self.fault("while publishing")
        return super().enqueue(message, delay=delay)


@pytest.mark.parametrize("place", ["before begin", "in the stage's work", "while publishing"])
@pytest.mark.parametrize(
    "error",
    [
        redis.exceptions.ReadOnlyError("READONLY"),
        redis.ResponseError("MISCONF"),
        AMQPConnectorStackTimeout("silent"),
        dramatiq.errors.ConnectionClosed("away"),
        StoreUnavailable("away"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_attempt_is_used_up(  # noqa: PLR0913, PLR0917 - pytest passes fixtures one by one
    amqp_url: str,
    rabbit_server: RabbitServer,
    tmp_path: Path,
    make_job: Callable[..., Job],
    records: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    error: Exception,
) -> None:
    """However often an outage interrupts a stage, the job goes on as if at the first attempt."""
    monkeypatch.setattr(module, "_OUTAGE_PAUSE_SECONDS", 0)
    fault = Faulty(place, error)
    ledger = FaultyLedger(embedded_redis(), max_active=9, max_pending=9, lifetime=600)
    broker = FaultyBroker(amqp_url, middleware())
    ledger.fault = broker.fault = fault
    channels = {"folder": FaultyChannel(fault)}
    services = Services(Settings(), VolumeStore(tmp_path), ledger, channels, lambda _: None)
    Ingest(services).declare(broker)
    job = make_job(source=str(ASTRONAUT))
    ledger.admit(job)
    publish(broker, "ingest", job)
    with closing(services), working(broker):
        wait_for(lambda: rabbit_server.queue_depths().get("detect") == 1, "it is not passed on")
        wait_for(lambda: rabbit_server.queue_depths()["ingest"] == 0, "it is not acknowledged")
    depths = rabbit_server.queue_depths()
    assert fault.left == 0
    assert depths["ingest.DQ"] == depths["ingest.XQ"] == 0
    assert "deliver" not in depths
    (done,) = (record for record in records() if record["event"] == "done")
    assert done["attempt"] == 1
    interrupted = [r for r in records() if r["event"] == "interrupted by an outage"]
    assert len(interrupted) == OUTAGES
    broker.close()


@contextmanager
def working(broker: Broker) -> Iterator[None]:
    """Run a worker on one thread."""
    broker.emit_after("process_boot")
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=100)
    worker.queue_prefetch = 1
    worker.start()
    try:
        yield
    finally:
        worker.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refusing", "seconds"),
    [
        (RedisServer.read_only, 20),
        (lambda server: server.configured("maxmemory", 1), 6),
        (lambda server: server.configured("min-replicas-to-write", 1), 6),
    ],
    ids=["read-only", "out of memory", "without replicas"],
)
def test_a_redis_that_refuses_to_write(
    cluster: Cluster,
    redis_server: RedisServer,
    refusing: Callable[[RedisServer], AbstractContextManager[None]],
    seconds: float,
) -> None:
    """Six photos in the chain of a Redis that refuses writes for a while become six pictures."""
    cluster.start(*STAGES)
    first = cluster.submit(cluster.job(0))
    assert cluster.wait_for_answer(first) == ["picture"]
    jobs = [cluster.submit(cluster.job(n)) for n in range(1, 7)]
    ingest = cluster.workers["ingest"].log
    wait_for(lambda: ingest.read_text().count('"event": "done"') >= 2, "nothing happens")
    with refusing(redis_server):
        time.sleep(seconds)  # as long as the outage is, which is what is tested
    assert [cluster.wait_for_answer(job) for job in jobs] == [["picture"]] * 6
    records = cluster.records()
    assert {worker.starts for worker in cluster.workers.values()} == {1}
    done = [record["attempt"] for record in records if record["event"] == "done"]
    assert set(done) == {1}
    assert '"attempt": 2' not in cluster.logs()


def test_a_silent_rabbitmq(make_job: Callable[..., Job]) -> None:
    """A RabbitMQ that accepts connections and says nothing is an outage."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"amqp://127.0.0.1:{port}?stack_timeout=1&socket_timeout=1"
        broker = Broker(url, [], patience_seconds=0)
        with pytest.raises(dramatiq.errors.BrokerConnectionError):
            publish(broker, "ingest", make_job())
        with pytest.raises(dramatiq.errors.BrokerConnectionError):
            broker.consume("ingest")


def test_a_garbled_rabbitmq(make_job: Callable[..., Job]) -> None:
    """A RabbitMQ that talks nonsense is an outage."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"\x01\x00\x00\x00\x00\x00\x04nonsense" * 9)

    with serving(talk) as port:
        broker = Broker(f"amqp://127.0.0.1:{port}?stack_timeout=1", [], patience_seconds=0)
        with pytest.raises(dramatiq.errors.BrokerConnectionError):
            publish(broker, "ingest", make_job())


def test_a_rabbitmq_that_falls_silent(cluster: Cluster, rabbit_server: RabbitServer) -> None:
    """What is published while RabbitMQ hangs is confirmed only once it has the message."""
    connected, hangs, published = threading.Event(), threading.Event(), threading.Event()

    def publish_two() -> None:
        publish(cluster.broker, "ingest", cluster.job(0))
        connected.set()
        assert hangs.wait(PATIENCE_S)
        publish(cluster.broker, "ingest", cluster.job(1))
        published.set()

    publisher = threading.Thread(target=publish_two)
    publisher.start()
    assert connected.wait(PATIENCE_S)
    with rabbit_server.hanging():
        hangs.set()
        assert not published.wait(3)
    publisher.join(PATIENCE_S)
    assert published.is_set()
    assert rabbit_server.queue_depths()["ingest"] == 2


def test_a_time_limit_while_publishing(cluster: Cluster, rabbit_server: RabbitServer) -> None:
    """A publisher that was interrupted drops its connection without waiting, and has a new one."""
    ready, alarmed, waits = threading.Event(), threading.Event(), threading.Event()
    ended: list[str] = []

    def publish_twice() -> None:
        publish(cluster.broker, "ingest", cluster.job(0))
        connection: Any = cluster.broker.connection
        connection._impl.add_on_connection_blocked_callback(lambda *_: waits.set())
        ready.set()
        assert alarmed.wait(PATIENCE_S)
        try:
            publish(cluster.broker, "ingest", cluster.job(1))
        except TimeLimitExceeded:
            ended.append("interrupted")
            assert not connection.is_open
            assert connection not in cluster.broker.connections
        rabbit_server.alarm(False)
        publish(cluster.broker, "ingest", cluster.job(2))
        ended.append("published")

    publisher = threading.Thread(target=publish_twice)
    publisher.start()
    assert ready.wait(PATIENCE_S)
    rabbit_server.alarm(True)
    alarmed.set()
    try:
        assert waits.wait(PATIENCE_S)
        assert publisher.ident is not None
        raise_thread_exception(publisher.ident, TimeLimitExceeded)
        publisher.join(PATIENCE_S)
    finally:
        rabbit_server.alarm(False)
    assert ended == ["interrupted", "published"]


def test_a_queue_that_is_deleted(
    cluster: Cluster,
    rabbit_server: RabbitServer,
    amqp_url: str,
    records: Callable[[], list[dict[str, Any]]],
) -> None:
    """A publisher whose queue was deleted makes it anew, and logs nothing of the message."""
    publish(cluster.broker, "ingest", cluster.job(0))
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        for queue in "ingest", "ingest.DQ":
            connection.channel().queue_delete(queue)
    publish(cluster.broker, "ingest", cluster.job(1))
    publish(cluster.broker, "ingest", cluster.job(2), delay=60_000)
    depths = rabbit_server.queue_depths()
    assert (depths["ingest"], depths["ingest.DQ"]) == (1, 1)
    returned = [record for record in records() if "was returned" in record["event"]]
    assert len(returned) >= 1
    text = json.dumps(records())
    for job in map(cluster.job, range(3)):
        for secret in (str(job.address["chat"]), job.user, job.source):
            assert secret not in text
