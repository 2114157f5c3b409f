"""Three ways in which dramatiq on RabbitMQ silently loses messages, and attrai's fixes for them."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.rabbitmq import _RabbitmqConsumer
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Retries

from attrai import logs
from attrai.actors.stage import publish
from attrai.broker import Broker, SafeRetries, hide_messages, middleware
from attrai.job import Job
from testing.servers import RabbitServer
from testing.waiting import PATIENCE_S, wait_for
from tests.cluster.conftest import Cluster


class Unreachable(StubBroker):
    """A broker that rejects delayed messages, as if the server were down."""

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        if delay is not None:
            raise ConnectionError("away")
        return super().enqueue(message)


@pytest.mark.parametrize(("retries", "kept"), [(Retries, False), (SafeRetries, True)])
def test_a_retry_that_cannot_be_published(retries: type[Retries], kept: bool) -> None:  # noqa: FBT001 - a parametrized value
    """With attrai's retries, a message whose retry can't be published becomes a dead letter."""
    broker = Unreachable(middleware=[retries(min_backoff=1)])
    done = threading.Event()

    @dramatiq.actor(broker=broker, max_retries=1)
    def fail() -> None:
        done.set()
        raise ValueError

    fail.send()
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=1)
    worker.start()
    try:
        assert done.wait(PATIENCE_S)
        broker.queues["default"].join()
    finally:
        worker.stop()
    assert bool(broker.dead_letters) == kept


class Uncured(Broker):
    """A broker with dramatiq's own consumer."""

    consumer_class: Any = _RabbitmqConsumer


@pytest.mark.servers
@pytest.mark.parametrize(("broker_class", "kept"), [(Uncured, 0), (Broker, 1)])
def test_a_late_acknowledgement(
    amqp_url: str, rabbit_server: RabbitServer, broker_class: type[Broker], kept: int
) -> None:
    """Acknowledging a message from a lost connection doesn't acknowledge a new message."""
    broker = broker_class(amqp_url, middleware())
    dramatiq.actor(broker=broker, actor_name="detect", queue_name="detect")(lambda _: None)
    message: dramatiq.Message[Any] = dramatiq.Message(
        queue_name="detect", actor_name="detect", args=({},), kwargs={}, options={}
    )
    broker.enqueue(message)
    patience_ms = int(1000 * PATIENCE_S)
    before: Any = broker.consume("detect", prefetch=1, timeout=patience_ms)
    old = next(before)
    before.connection.close()
    after: Any = broker.consume("detect", prefetch=1, timeout=patience_ms)
    new = next(after)
    assert old._tag == new._tag == 1
    after.ack(old)
    done = threading.Event()
    after.connection.add_callback_threadsafe(done.set)  # runs after the acknowledgement
    while not done.is_set():
        after.connection.sleep(0.01)
    after.connection.close()  # as if killed before the new message was processed
    assert rabbit_server.queue_depths()["detect"] == kept
    broker.close()


@pytest.mark.servers
def test_a_blocked_connection(cluster: Cluster, rabbit_server: RabbitServer) -> None:
    """While RabbitMQ is short of memory a publisher waits; afterwards its message arrives."""
    publish(cluster.broker, "ingest", cluster.job(0))
    told_to_wait, published = threading.Event(), threading.Event()

    def publish_another() -> None:
        # While the publisher waits, only the innermost connection runs its callbacks.
        connection: Any = cluster.broker.connection
        connection._impl.add_on_connection_blocked_callback(lambda *_: told_to_wait.set())
        publish(cluster.broker, "ingest", cluster.job(1))
        published.set()

    rabbit_server.alarm(True)
    try:
        publisher = threading.Thread(target=publish_another)
        publisher.start()
        assert told_to_wait.wait(PATIENCE_S)
        assert rabbit_server.queue_depths()["ingest"] == 1
        assert not published.wait(1)  # it neither publishes nor fails
    finally:
        rabbit_server.alarm(False)
    publisher.join(PATIENCE_S)
    assert published.is_set()
    assert rabbit_server.queue_depths()["ingest"] == 2
    assert cluster.broker.parameters.blocked_connection_timeout is None


@pytest.mark.servers
def test_publishing_outlasts_a_restart(
    amqp_url: str,
    rabbit_server: RabbitServer,
    make_job: Callable[..., Job],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A publisher waits while RabbitMQ restarts, and no published message is lost."""
    # The server may take longer to start than a publisher normally waits.
    broker = Broker(amqp_url, [], patience_seconds=2 * PATIENCE_S)
    publish(broker, "ingest", make_job())
    rabbit_server.stop()
    caplog.set_level(logging.DEBUG, "dramatiq")
    published = threading.Event()

    def publish_another() -> None:
        publish(broker, "ingest", make_job())
        published.set()

    publisher = threading.Thread(target=publish_another)
    publisher.start()
    # dramatiq gives up after a few attempts; attrai's broker then starts again with the first.
    wait_for(lambda: caplog.text.count("[1/") >= 2, "publishing was not tried again")
    rabbit_server.start()
    publisher.join(PATIENCE_S)
    assert published.is_set()
    assert rabbit_server.queue_depths()["ingest"] == 2
    broker.close()


def test_dramatiqs_records_hold_no_addresses() -> None:
    """Log records of dramatiq contain a message's id, but not its arguments."""
    stream = io.StringIO()
    handler = logs.configure("warning", stream)
    handler.addFilter(hide_messages)
    message: dramatiq.Message[Any] = dramatiq.Message(
        queue_name="detect", actor_name="detect", args=("secret address",), kwargs={}, options={}
    )
    for hidden in (message, dramatiq.MessageProxy(message)):
        logging.getLogger("dramatiq.worker").warning("Failed to process %s in %d ms.", hidden, 3)
    handler.close()
    assert "secret address" not in stream.getvalue()
    assert stream.getvalue().count(f"Failed to process {message.message_id} in 3 ms.") == 2
