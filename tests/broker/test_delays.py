"""Delays: a message waits for as long as its sender said, whatever the clocks of the two show."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.common import current_millis

from attrai.broker import middleware
from attrai.broker.delays import Delays

HOUR_MS = 3_600_000


def delayed(sender: Delays, delay: int | None) -> dramatiq.Message[Any]:
    """Return a message as it lies in its queue."""
    broker = StubBroker(middleware=[sender])
    broker.declare_queue("detect")
    message: dramatiq.Message[Any] = dramatiq.Message(
        queue_name="detect", actor_name="detect", args=(), kwargs={}, options={"kept": 1}
    )
    broker.enqueue(message, delay=delay)
    queue = broker.queues["detect" if delay is None else "detect.DQ"]
    return dramatiq.Message.decode(queue.queue[0])


@pytest.mark.parametrize("ahead", [-HOUR_MS, -20_000, 20_000, HOUR_MS])
def test_clocks_that_differ(ahead: int) -> None:
    """A worker whose clock differs from the sender's delays a message as long as it should."""
    worker = Delays(lambda: current_millis() + ahead)
    message = delayed(Delays(), 7000)
    began = current_millis() + ahead
    worker.before_delay_message(None, message)
    assert began + 7000 <= message.options["eta"] <= current_millis() + ahead + 7000
    assert set(message.options) == {"eta", "kept"}


def test_clocks_that_agree() -> None:
    """What has passed of a delay counts, as when the worker that held the message was stopped."""
    message = delayed(Delays(), 7000)
    eta = message.options["eta"]
    for passed in (0, 3000, 6500):
        Delays(lambda passed=passed: eta - 7000 + passed).before_delay_message(None, message)  # type: ignore[misc]
        assert message.options["eta"] == eta


def test_messages_without_a_delay() -> None:
    """A message that isn't delayed says nothing, also if it was delayed before."""
    sender = Delays()
    assert delayed(sender, None).options == {"kept": 1}
    message = delayed(sender, 7000)
    sender.before_enqueue(None, message, None)
    assert set(message.options) == {"eta", "kept"}


@pytest.mark.parametrize("delay", ["soon", None, [1]])
def test_delays_that_make_no_sense(delay: object) -> None:
    """A message whose delay is missing or unreadable waits as dramatiq says."""
    message = delayed(Delays(), 7000)
    message.options["delay"], eta = delay, message.options["eta"]
    Delays(lambda: 0).before_delay_message(None, message)
    assert message.options["eta"] == eta


def test_every_broker_has_it() -> None:
    """The middleware of all brokers includes the delays."""
    assert any(isinstance(each, Delays) for each in middleware())
