"""The chain in bare dramatiq for `bench.overhead`: actors that only send to the next by name."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from bench.overhead_ends import BROKER_URL, Ends

STAGES = [f"bare-{number}" for number in range(1, 6)]


def setup() -> None:
    """Declare the actors; the entry point for dramatiq's command line."""
    broker, ends = make_broker(), Ends()
    dramatiq.set_broker(broker)
    for stage, following in zip(STAGES, [*STAGES[1:], None], strict=True):
        _declare(broker, ends, stage, following)


def make_broker() -> RabbitmqBroker:
    """Return dramatiq's own broker, with publisher confirms."""
    return RabbitmqBroker(url=os.environ[BROKER_URL], confirm_delivery=True)


def send(broker: dramatiq.Broker, stage: str, number: int) -> None:
    """Put a job into the queue of a stage."""
    broker.enqueue(
        dramatiq.Message(queue_name=stage, actor_name=stage, args=(number,), kwargs={}, options={})
    )


def _declare(broker: RabbitmqBroker, ends: Ends, stage: str, following: str | None) -> None:
    def work(number: int) -> None:
        if following:
            send(broker, following, number)
        else:
            ends.note(number)

    # All queues declared in the broker would be consumed; `-Q` selects one of them.
    dramatiq.actor(broker=broker, actor_name=stage, queue_name=stage)(work)
