"""RabbitMQ through dramatiq, with cures for the ways in which a message could be lost.

What the chain needs around its actors, on any broker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, cast

import dramatiq
import pika
from dramatiq.brokers.rabbitmq import RabbitmqBroker, _RabbitmqConsumer
from dramatiq.common import q_name, xq_name
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import CurrentMessage, Retries, TimeLimit

#: Seconds between heartbeats: a connection that died silently is noticed within two of them.
HEARTBEAT = 60
#: Dead letters hold addresses of chats, so RabbitMQ drops them after so many milliseconds.
DEAD_LETTER_TTL = 3_600_000
#: Seconds to wait before each further try to publish: together longer than RabbitMQ's restart.
_PUBLISH_PAUSES = (0.1, 0.3, 1, 2, 4, 8, 10, 10, 10)


class _Consumer(_RabbitmqConsumer):
    """A consumer that acknowledges only what came through its own connection.

    RabbitMQ numbers deliveries per channel. After a reconnect the late acknowledgement of an
    old message would acknowledge a new one that has the same number by now, and a crash soon
    after would lose that one.
    """

    def __next__(self) -> Any:
        message = super().__next__()  # type: ignore[no-untyped-call]  # dramatiq's
        if message is not None:
            message.consumer = self
        if self.queue_name == q_name(self.queue_name):
            # The queue of delayed messages has a thread of its own, which proves nothing.
            self.broker.on_consumer_turn()
        return message

    def ack(self, message: Any) -> None:
        if message.consumer is self:
            super().ack(message)  # type: ignore[no-untyped-call]  # dramatiq's

    def nack(self, message: Any) -> None:
        if message.consumer is self:
            super().nack(message)  # type: ignore[no-untyped-call]  # dramatiq's


class Broker(RabbitmqBroker):
    """RabbitMQ with publisher confirms, and patience while it restarts."""

    def __init__(self, url: str, middleware: list[dramatiq.Middleware]) -> None:
        super().__init__(url=url, confirm_delivery=True, middleware=middleware)
        # A timeout for blocked connections stays unset: a memory alarm of RabbitMQ blocks
        # publishers until it is over and loses nothing, where giving up lost messages.
        cast("pika.ConnectionParameters", self.parameters).heartbeat = HEARTBEAT
        #: Called by the threads that consume, at least once a second.
        self.on_consumer_turn: Callable[[], None] = lambda: None

    @property
    def consumer_class(self) -> type[_Consumer]:
        """What reads a queue."""
        return _Consumer

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        """Publishes with a confirm; waits for a RabbitMQ that is away for less than a minute.

        Raises:
            ConnectionClosed: RabbitMQ stayed away.
        """
        for pause in _PUBLISH_PAUSES:
            try:
                return super().enqueue(message, delay=delay)
            except ConnectionClosed:
                time.sleep(pause)
        return super().enqueue(message, delay=delay)

    def _declare_xq_queue(self, queue_name: str) -> Any:
        return self.channel.queue_declare(
            queue=xq_name(queue_name),
            durable=True,
            arguments={"x-message-ttl": DEAD_LETTER_TTL},
        )


def hide_messages(record: logging.LogRecord) -> bool:
    """A filter for logs: dramatiq's records name messages by their ids, not their content."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            argument.message_id
            if isinstance(argument, dramatiq.Message | dramatiq.MessageProxy)
            else argument
            for argument in record.args
        )
    return True


class SureRetries(Retries):
    """Retries whose own failure does not lose the message.

    dramatiq swallows what a hook raises and acknowledges the message all the same
    (dramatiq#545), so a message that could not be put back was gone. Here it ends among the
    dead letters, and the sweeper answers for its job.
    """

    def after_process_message(self, broker: Any, message: Any, **outcome: Any) -> None:
        """Puts a failed message back into its queue, or among the dead letters."""
        try:
            super().after_process_message(broker, message, **outcome)  # type: ignore[no-untyped-call]  # dramatiq's
        except Exception:
            message.fail()
            raise


def middleware(*, min_backoff: int = 1000, max_backoff: int = 60_000) -> list[dramatiq.Middleware]:
    """The time limit, the retries, and the count of attempts.

    Args:
        min_backoff: milliseconds until a failed stage is tried again; more each time.
        max_backoff: the most. Delayed messages live in a worker's memory: few, short.
    """
    return [
        TimeLimit(),
        SureRetries(min_backoff=min_backoff, max_backoff=max_backoff),
        CurrentMessage(),
    ]
