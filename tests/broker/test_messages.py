"""Hostile messages: dead-lettered before dramatiq sees them, and not quoted in any log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import dramatiq
import pika
import pytest
from dramatiq.brokers.stub import StubBroker
from hypothesis import given
from hypothesis import strategies as st

from attrai.actors.stage import publish
from attrai.broker import Broker, middleware
from attrai.broker.messages import HostileMessage, read_message
from attrai.job import Job
from testing.servers import RabbitServer
from testing.waiting import wait_for

CHAT = "1234567890"
NOW_MS = int(time.time() * 1000)

STUB = StubBroker(middleware=[])
for _name, _queue in ("detect", "detect"), ("other", "score"):
    dramatiq.actor(broker=STUB, actor_name=_name, queue_name=_queue)(lambda _: None)


def message(**changes: Any) -> dict[str, Any]:
    """Return the fields of a good message in the queue detect, with some of them changed."""
    good = dramatiq.Message(
        queue_name="detect",
        actor_name="detect",
        args=({"chat": CHAT},),
        kwargs={},
        options={"retries": 1, "requeue_timestamp": NOW_MS},
    )
    return {**good.asdict(), **changes}


def encoded(fields: object) -> bytes:
    """Return fields as JSON."""
    return json.dumps(fields).encode()


#: Bodies of messages in the queue detect that nobody of ours publishes.
HOSTILE = {
    "options only": b'{"options": 5}',
    "options of a wrong type": encoded(message(options=5)),
    "options as a list": encoded(message(options=[["eta", 1]])),
    "an unknown option": encoded(message(options={"pipe_target": message()})),
    "a time limit of its own": encoded(message(options={"time_limit": 1e12})),
    "retries as text": encoded(message(options={"retries": "1"})),
    "retries below zero": encoded(message(options={"retries": -99})),
    "an eta": encoded(message(options={"eta": NOW_MS})),
    "an eta as text": encoded(message(options={"eta": "soon"})),
    "an eta that is no number": encoded(message(options={"eta": float("nan")})),
    "another queue": encoded(message(queue_name="score")),
    "the delayed queue": encoded(message(queue_name="detect.DQ")),
    "an unhashable queue": encoded(message(queue_name=["detect"])),
    "a queue that is a dict": encoded(message(queue_name={})),
    "no queue": encoded({k: v for k, v in message().items() if k != "queue_name"}),
    "an unknown actor": encoded(message(actor_name="nobody")),
    "another queue's actor": encoded(message(actor_name="other")),
    "an unhashable actor": encoded(message(actor_name=[])),
    "no arguments": encoded(message(args=[])),
    "two arguments": encoded(message(args=[{}, {}])),
    "an argument that is no dict": encoded(message(args=[CHAT])),
    "arguments as text": encoded(message(args=CHAT)),
    "arguments by name": encoded(message(kwargs={CHAT: 1})),
    "an id of a wrong type": encoded(message(message_id=[CHAT])),
    "an id that is text": encoded(message(message_id=f"{CHAT} \ud800")),
    "a time as text": encoded(message(message_timestamp=CHAT)),
    "a field too many": encoded(message(**{CHAT: 1})),
    "a list": b"[]",
    "a number": b"5",
    "nothing": b"",
    "no JSON": CHAT.encode(),
    "no text": b"\xff\xfe" + CHAT.encode(),
    "half of it": encoded(message())[:-9],
    "a long number": b'{"options": ' + b"9" * 10_000 + b"}",
    "many lists in each other": b"[" * 200_000,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_refused_without_a_quote(body: bytes) -> None:
    """A hostile message is refused, and the reason quotes nothing of it."""
    with pytest.raises(HostileMessage) as refusal:
        read_message(body, "detect", STUB.actors)
    assert CHAT not in str(refusal.value)
    assert refusal.value.__cause__ is None


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(encoded))
def test_whatever_it_is(body: bytes) -> None:
    """Anything is refused in one way."""
    with pytest.raises(HostileMessage):
        read_message(body, "detect", STUB.actors)


@given(
    st.sampled_from(sorted(message())),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=5,
    ),
)
def test_a_wrong_value_in_any_field(field: str, value: object) -> None:
    """A field with any value is either as dramatiq needs it, or the message is refused."""
    try:
        read = read_message(encoded(message(**{field: value})), "detect", STUB.actors)
    except HostileMessage:
        return
    assert read.queue_name == read.actor_name == "detect"
    assert len(read.args) == 1
    assert isinstance(read.args[0], dict)
    assert read.kwargs == {}
    assert read.options.keys() <= {"eta", "retries", "requeue_timestamp", "traceback"}
    assert read.options.get("eta") is None


@pytest.mark.parametrize("options", [{}, message()["options"], {"traceback": "of old workers"}])
def test_a_good_message(options: dict[str, Any]) -> None:
    """What dramatiq publishes is read as dramatiq would."""
    body = encoded(message(options=options))
    assert read_message(body, "detect", STUB.actors) == dramatiq.Message.decode(body)


@pytest.mark.parametrize(
    ("delay", "good"),
    [(60_000, True), (None, False), (2 * 86_400_000, False)],
)
def test_delayed_messages(delay: int | None, *, good: bool) -> None:
    """In the queue of delayed messages each has a time, and not one that never comes."""
    options = {} if delay is None else {"eta": NOW_MS + delay, "delay": delay}
    body = encoded(message(queue_name="detect.DQ", options=options))
    if good:
        assert read_message(body, "detect.DQ", STUB.actors).options == options
    else:
        with pytest.raises(HostileMessage):
            read_message(body, "detect.DQ", STUB.actors)


@pytest.mark.servers
def test_the_next_message_is_processed(
    amqp_url: str,
    rabbit_server: RabbitServer,
    make_job: Callable[..., Job],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A worker dead-letters hostile messages in both of its queues, and goes on consuming."""
    broker = Broker(amqp_url, middleware())
    processed: list[Any] = []
    dramatiq.actor(broker=broker, actor_name="detect", queue_name="detect")(processed.append)
    broker.declare_queue("detect", ensure=True)
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        for queue in "detect", "detect.DQ":
            for body in HOSTILE.values():
                channel.basic_publish("", queue, body)
    publish(broker, "detect", make_job())
    publish(broker, "detect", make_job(), delay=1)
    broker.emit_after("process_boot")
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=100)
    worker.start()
    try:
        wait_for(lambda: len(processed) == 2, "the next message is not processed")
        dead = 2 * len(HOSTILE)
        wait_for(lambda: rabbit_server.queue_depths()["detect.XQ"] == dead, "not dead-lettered")
    finally:
        worker.stop()
        broker.close()
    depths = rabbit_server.queue_depths()
    assert depths["detect"] == depths["detect.DQ"] == 0
    assert CHAT not in caplog.text
