"""Depths of the queues."""

from __future__ import annotations

from collections.abc import Mapping
from queue import Queue
from typing import Any, NamedTuple, Protocol

import pika
from dramatiq.common import xq_name
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from attrai.job import STAGES, StageName
from attrai.outages import rabbitmq_reason

#: Seconds without an answer after which RabbitMQ counts as down.
_TIMEOUT_SECONDS = 3
#: AMQP's reply code for a queue that doesn't exist, because nothing has used it yet.
_NOT_FOUND = 404

#: Errors that pika raises when RabbitMQ is down or silent; they belong to two hierarchies.
_CONNECTION_ERRORS = (pika.exceptions.AMQPError, AMQPConnectorException, OSError)


class Depth(NamedTuple):
    """Depth of a stage's queue."""

    ready: int  #: messages that no worker has received yet
    dead: int  #: dead letters


class Unreachable(Exception):
    """A part can't be queried; the message gives the reason and contains no password."""


class Queues(Protocol):
    """Protocol of the queues of all stages."""

    def depths(self) -> Mapping[StageName, Depth]:
        """Return the depth of each stage's queue.

        Raises:
            Unreachable: the queues can't be queried.
        """


class RabbitQueues:
    """Queues in RabbitMQ. Each query opens its own connection, so no thread shares one."""

    def __init__(self, url: str) -> None:
        self._url = url

    def depths(self) -> Mapping[StageName, Depth]:
        """Return the depth of each stage's queue; 0 for a queue that nothing has used yet.

        Raises:
            Unreachable: RabbitMQ can't be queried.
        """
        try:
            parameters = pika.URLParameters(self._url)
            parameters.socket_timeout = parameters.stack_timeout = _TIMEOUT_SECONDS
            # Heartbeats distinguish a server that hangs from one that is slow.
            parameters.heartbeat = _TIMEOUT_SECONDS
            with pika.BlockingConnection(parameters) as connection:
                return {
                    stage: Depth(_ready(connection, stage), _ready(connection, xq_name(stage)))
                    for stage in STAGES
                }
        except (*_CONNECTION_ERRORS, ValueError, TypeError) as error:
            raise Unreachable(rabbitmq_reason(error)) from None


def _ready(connection: pika.BlockingConnection, queue: str) -> int:
    channel = connection.channel()
    try:
        declared = channel.queue_declare(queue, passive=True)
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code == _NOT_FOUND:
            return 0
        raise
    channel.close()
    return int(declared.method.message_count)


class EmbeddedQueues:
    """Queues of a chain that runs in this process, which has no dead letters."""

    def __init__(self, queues: Mapping[str, Queue[Any]]) -> None:
        self._queues = queues

    def depths(self) -> Mapping[StageName, Depth]:
        """Return the depth of each stage's queue."""
        return {stage: Depth(self._queues[stage].qsize(), 0) for stage in STAGES}
