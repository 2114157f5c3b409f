"""How many messages wait in the queues."""

from __future__ import annotations

from collections.abc import Mapping
from queue import Queue
from typing import Any, NamedTuple, Protocol

import pika
from dramatiq.common import xq_name
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from attrai.job import STAGES, StageName

#: Seconds after which a silent RabbitMQ counts as gone.
_SILENCE = 3
#: What it answers when it is asked for a queue that nobody has used yet.
_NOT_FOUND = 404

#: What pika raises while there is nobody, or nobody answers; it has two families of errors.
_AWAY = (pika.exceptions.AMQPError, AMQPConnectorException, OSError)


class Depth(NamedTuple):
    """A stage's queue."""

    ready: int  #: messages that no worker has yet
    dead: int  #: messages that were given up


class Unreachable(Exception):
    """A part can't be asked; the message says why, and holds no password."""


class Queues(Protocol):
    """Where messages wait."""

    def depths(self) -> Mapping[StageName, Depth]:
        """How many there are.

        Raises:
            Unreachable: nobody knows.
        """


class RabbitQueues:
    """The queues in RabbitMQ. Each look has a connection of its own, which no thread shares."""

    def __init__(self, url: str) -> None:
        self._url = url

    def depths(self) -> Mapping[StageName, Depth]:
        """How many messages wait; none in queues that nobody has used yet."""
        try:
            parameters = pika.URLParameters(self._url)
            parameters.socket_timeout = parameters.stack_timeout = _SILENCE
            # By its heartbeats a server that hangs is told from one that takes its time.
            parameters.heartbeat = _SILENCE
            with pika.BlockingConnection(parameters) as connection:
                return {
                    stage: Depth(_ready(connection, stage), _ready(connection, xq_name(stage)))
                    for stage in STAGES
                }
        except (*_AWAY, ValueError, TypeError) as error:
            raise Unreachable(_reason(error)) from None


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
    """The queues of a chain in this process, which has no dead letters."""

    def __init__(self, queues: Mapping[str, Queue[Any]]) -> None:
        self._queues = queues

    def depths(self) -> Mapping[StageName, Depth]:
        """How many messages wait."""
        return {stage: Depth(self._queues[stage].qsize(), 0) for stage in STAGES}


def _reason(error: Exception) -> str:
    """Why RabbitMQ can't be asked, in words of our own: its errors may quote the password."""
    refusals = (
        pika.exceptions.ProbableAuthenticationError,
        pika.exceptions.ProbableAccessDeniedError,
        pika.exceptions.AuthenticationError,
    )
    if isinstance(error, refusals):
        return "it refuses this user, password or virtual host"
    if isinstance(error, ValueError | TypeError):
        return "ATTRAI_BROKER_URL is no URL"
    if isinstance(error, pika.exceptions.ChannelClosedByBroker):
        return f"it answers {error.reply_code}"
    # What its attempts to connect ended in.
    cause = getattr(error.args[0], "exception", error) if error.args else error
    return getattr(cause, "strerror", None) or "no connection to it, or no answer"
