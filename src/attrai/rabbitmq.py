"""RabbitMQ through dramatiq, with cures for the ways in which a message could be lost."""

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
