"""dramatiq's RabbitMQ broker, with confirms, patience and no trust in what comes from a queue."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from itertools import chain, repeat
from typing import Any, cast

import dramatiq
import pika
import structlog
from dramatiq.brokers.rabbitmq import RabbitmqBroker, _RabbitmqConsumer, _RabbitmqMessage
from dramatiq.common import q_name, xq_name
from dramatiq.errors import ConnectionClosed

from attrai.broker.messages import HostileMessage, read_message

log = structlog.get_logger(__name__)

#: Interval of heartbeats in seconds: a dead connection is noticed within two of them.
HEARTBEAT_SECONDS = 60
#: RabbitMQ drops dead letters after this many milliseconds, as they belong to nobody any more.
DEAD_LETTER_TTL_MS = 3_600_000
#: How many seconds a publisher waits for a RabbitMQ that is away: longer than a restart takes.
_PATIENCE_SECONDS = 45.0
#: Pauses in seconds before publishing is tried again.
_PUBLISH_RETRY_SECONDS = (0.1, 0.3, 1, 2, 4, 8)
_PUBLISH_RETRY_MAX_SECONDS = 10
#: AMQP's reply code for a queue that does not exist.
_NOT_FOUND = 404


class _Consumer(_RabbitmqConsumer):
    """A consumer that checks what it reads, and raises nothing but what dramatiq recovers from.

    It acknowledges only messages of its own connection: RabbitMQ numbers deliveries per channel.
    After a reconnect, acknowledging an old message would acknowledge the new one that has its
    number now, and a crash soon after would lose that one.
    """

    def __init__(self, broker: Broker, *args: Any) -> None:
        try:
            super().__init__(broker, *args)  # type: ignore[no-untyped-call]  # dramatiq's
        except Exception as error:  # noqa: BLE001 - as in `_closed`
            raise _closed(error) from None

    def __next__(self) -> Any:
        try:
            method, _, body = next(self.iterator)
        except StopIteration:  # RabbitMQ cancelled the consumer: its queue was deleted
            raise
        except Exception as error:  # noqa: BLE001 - as in `_closed`
            if getattr(error, "reply_code", None) == _NOT_FOUND:
                self.broker.queues_pending.add(q_name(self.queue_name))
            raise _closed(error) from None
        if method is None:
            return None
        tag = method.delivery_tag
        try:
            message = read_message(body, self.queue_name, self.broker.actors)
        except HostileMessage as error:
            log.error("hostile message", queue=self.queue_name, reason=str(error))  # noqa: TRY400 - it is the sender's fault
            self.channel.basic_nack(tag, requeue=False)
            return None
        self.known_tags.add(tag)
        delivered: Any = _RabbitmqMessage(method.redelivered, tag, message)
        delivered.consumer = self
        delivered.puts_back = False
        return delivered

    def ack(self, message: Any) -> None:
        if message.consumer is self:
            super().ack(message)  # type: ignore[no-untyped-call]  # dramatiq's

    def nack(self, message: Any) -> None:
        if message.consumer is not self:
            return
        if not message.puts_back:
            super().nack(message)  # type: ignore[no-untyped-call]  # dramatiq's
            return
        self.known_tags.discard(message._tag)  # noqa: SLF001 - it is dramatiq's consumer too
        requeue = partial(self.channel.basic_nack, message._tag, requeue=True)  # noqa: SLF001
        # RabbitMQ delivers what a closed connection held again anyway.
        with suppress(pika.exceptions.AMQPError):
            self.connection.add_callback_threadsafe(requeue)

    def close(self) -> None:
        try:
            super().close()  # type: ignore[no-untyped-call]  # dramatiq's
        except Exception as error:  # noqa: BLE001 - as in `_closed`
            raise _closed(error) from None


class Broker(RabbitmqBroker):
    """A RabbitMQ broker that confirms what it publishes, and outlasts a restart of RabbitMQ."""

    def __init__(
        self,
        url: str,
        middleware: list[dramatiq.Middleware],
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        super().__init__(url=url, confirm_delivery=True, middleware=middleware)
        # No timeout for blocked connections: a memory alarm blocks publishers until it is over
        # and loses nothing, whereas a timeout lost messages. A server that is silent altogether
        # sends no heartbeats either; one that is silent from the start ends pika's stack_timeout.
        cast("pika.ConnectionParameters", self.parameters).heartbeat = HEARTBEAT_SECONDS
        self._patience_seconds = patience_seconds
        #: Queues of other processes' actors.
        self._published_to: set[str] = set()

    @property
    def consumer_class(self) -> type[_Consumer]:
        """The class that dramatiq reads a queue with."""
        return _Consumer

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Any:
        """Return a new consumer of a queue.

        Raises:
            ConnectionClosed: RabbitMQ can't be used; dramatiq tries again.
        """
        try:
            return super().consume(queue_name, prefetch, timeout)
        except Exception as error:  # noqa: BLE001 - as in `_closed`
            self._drop_connection()
            raise _closed(error) from None

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
            ConnectionClosed: it may not have been published, whatever RabbitMQ or pika said.
        """
        deadline = time.monotonic() + self._patience_seconds
        pauses = chain(_PUBLISH_RETRY_SECONDS, repeat(_PUBLISH_RETRY_MAX_SECONDS))
        while True:
            pause = next(pauses)
            try:
                return super().enqueue(message, delay=delay)
            except Exception as error:  # noqa: BLE001 - as in `_closed`
                self._drop_connection()
                message.encode()  # raises what is no outage, so that everything else is one
                if time.monotonic() + pause > deadline:
                    raise _closed(error) from None
            except BaseException:  # the time limit
                self._drop_connection()
                raise
            time.sleep(pause)

    def _drop_connection(self) -> None:
        """Close this thread's connection without a word to RabbitMQ, which may never answer it."""
        connection: Any = getattr(self.state, "connection", None)
        if connection is not None and connection.is_open:
            # pika has no public way. It raises here that the connection is closed.
            with suppress(Exception):
                connection._impl._transport.abort()  # noqa: SLF001
                connection.process_data_events()
            with suppress(Exception):
                connection._cleanup()  # noqa: SLF001
        del self.connection

    def _declare_xq_queue(self, queue_name: str) -> Any:
        return self.channel.queue_declare(
            queue=xq_name(queue_name),
            durable=True,
            arguments={"x-message-ttl": DEAD_LETTER_TTL_MS},
        )


def _closed(error: Exception) -> ConnectionClosed:
    """Return the error from which dramatiq recovers, in place of any other.

    pika raises errors of several families, and of none when a server is cut off in mid-sentence.
    """
    return error if isinstance(error, ConnectionClosed) else ConnectionClosed(error)
