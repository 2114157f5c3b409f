"""dramatiq on RabbitMQ, without the ways in which it may lose a message, and its middleware."""

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

from attrai.delays import Delays

#: Interval of heartbeats in seconds: a dead connection is noticed within two of them.
HEARTBEAT_SECONDS = 60
#: RabbitMQ drops dead letters after this many milliseconds, for they hold addresses of chats.
DEAD_LETTER_TTL_MS = 3_600_000
#: Pauses in seconds before publishing is tried again; together longer than a restart of RabbitMQ.
_PUBLISH_RETRY_SECONDS = (0.1, 0.3, 1, 2, 4, 8, 10, 10, 10)


class _Consumer(_RabbitmqConsumer):
    """A consumer that acknowledges only messages of its own connection.

    RabbitMQ numbers deliveries per channel. After a reconnect, acknowledging an old message would
    acknowledge the new one that has its number now, and a crash soon after would lose that one.
    """

    def __next__(self) -> Any:
        message = super().__next__()  # type: ignore[no-untyped-call]  # dramatiq's
        if message is not None:
            message.consumer = self
        if self.queue_name == q_name(self.queue_name):
            # The queue of delayed messages has a thread of its own, which may live on alone.
            self.broker.on_consumer_turn()
        return message

    def ack(self, message: Any) -> None:
        if message.consumer is self:
            super().ack(message)  # type: ignore[no-untyped-call]  # dramatiq's

    def nack(self, message: Any) -> None:
        if message.consumer is self:
            super().nack(message)  # type: ignore[no-untyped-call]  # dramatiq's


class Broker(RabbitmqBroker):
    """A RabbitMQ broker that confirms what it publishes, and outlasts a restart of RabbitMQ."""

    def __init__(self, url: str, middleware: list[dramatiq.Middleware]) -> None:
        super().__init__(url=url, confirm_delivery=True, middleware=middleware)
        # No timeout for blocked connections: a memory alarm blocks publishers until it is over
        # and loses nothing, whereas a timeout lost messages.
        cast("pika.ConnectionParameters", self.parameters).heartbeat = HEARTBEAT_SECONDS
        #: Queues of other processes' actors.
        self._published_to: set[str] = set()
        #: Called by the threads that consume, at least once a second.
        self.on_consumer_turn: Callable[[], None] = lambda: None

    @property
    def consumer_class(self) -> type[_Consumer]:
        """The class that dramatiq reads a queue with."""
        return _Consumer

    def declare_queue(self, queue_name: str, *, ensure: bool = False) -> None:
        """Declare a queue, and consume it only if one of this process's actors is on it.

        dramatiq makes a worker consume every queue that it publishes to, where the messages of
        other stages would fail for want of their actor.
        """
        name = q_name(queue_name)
        if ensure and name not in self.queues:
            if name not in self._published_to:
                self._published_to.add(name)
                self.queues_pending.add(name)
            self._ensure_queue(name)  # type: ignore[no-untyped-call]  # dramatiq's
        else:
            super().declare_queue(queue_name, ensure=ensure)

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        """Publish with a confirm, and wait for a RabbitMQ that is away for less than a minute.

        Raises:
            ConnectionClosed: RabbitMQ stayed away.
        """
        for pause in _PUBLISH_RETRY_SECONDS:
            try:
                return super().enqueue(message, delay=delay)
            except ConnectionClosed:
                time.sleep(pause)
        return super().enqueue(message, delay=delay)

    def _declare_xq_queue(self, queue_name: str) -> Any:
        return self.channel.queue_declare(
            queue=xq_name(queue_name),
            durable=True,
            arguments={"x-message-ttl": DEAD_LETTER_TTL_MS},
        )


def hide_messages(record: logging.LogRecord) -> bool:
    """Replace messages by their ids in a log record; a filter that lets every record through."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            argument.message_id
            if isinstance(argument, dramatiq.Message | dramatiq.MessageProxy)
            else argument
            for argument in record.args
        )
    return True


class SafeRetries(Retries):
    """Retries whose own failure does not lose the message.

    dramatiq swallows what a hook raises and acknowledges the message all the same (dramatiq#545),
    so that a message which could not be put back was lost. Here it becomes a dead letter, and the
    sweeper answers for its job.
    """

    def after_process_message(self, broker: Any, message: Any, **outcome: Any) -> None:
        """Put a failed message back into its queue, or among the dead letters."""
        try:
            super().after_process_message(broker, message, **outcome)  # type: ignore[no-untyped-call]  # dramatiq's
        except Exception:
            message.fail()
            raise


def middleware(*, min_backoff: int = 1000, max_backoff: int = 60_000) -> list[dramatiq.Middleware]:
    """Return the middleware of actors on any broker: time limit, retries, attempts, delays.

    Args:
        min_backoff: milliseconds until a failed stage is tried again; they double each time.
        max_backoff: the most of them. Delayed messages live in a worker's memory, so there should
            be few of them, for a short time.
    """
    return [
        TimeLimit(),
        SafeRetries(min_backoff=min_backoff, max_backoff=max_backoff),
        CurrentMessage(),
        Delays(),
    ]
