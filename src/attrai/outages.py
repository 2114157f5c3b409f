"""What counts as an outage: every error that says something of a server and nothing of a photo."""

from __future__ import annotations

import re
import traceback

import dramatiq
import pika
import redis
from dramatiq.middleware import TimeLimitExceeded
from pika.adapters.utils.connection_workflow import AMQPConnectorException

#: Errors of RabbitMQ and Redis. What failed with one is done again later and used up no attempt.
#: The names mislead: a silent RabbitMQ raises an `AMQPConnectorException`, which is no
#: `AMQPError`, and a read-only Redis a `ResponseError`, which is no `ConnectionError`.
OUTAGES: tuple[type[Exception], ...] = (
    dramatiq.errors.BrokerConnectionError,
    pika.exceptions.AMQPError,
    pika.exceptions.ChannelError,
    AMQPConnectorException,
    redis.RedisError,
    redis.exceptions.RedisClusterException,
)

#: Errors of Redis after which the same command may work a moment later.
_PASSING = (
    OSError,
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.InvalidResponse,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.TryAgainError,
)
#: Codes of such errors for which redis-py has no class, or that a script's error quotes.
_PASSING_CODES = re.compile(
    r"\b(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN|UNBLOCKED)\b"
)


def is_outage(error: BaseException) -> bool:
    """Return whether an error is an outage, or the time limit that struck while waiting for one."""
    if isinstance(error, TimeLimitExceeded):
        frames = traceback.walk_tb(error.__traceback__)
        modules = {frame.f_globals.get("__name__", "").partition(".")[0] for frame, _ in frames}
        return bool(modules & {"pika", "redis"})
    return isinstance(error, OUTAGES)


def passes(error: BaseException) -> bool:
    """Return whether Redis may accept the command that failed with `error` a moment later."""
    if isinstance(error, redis.ResponseError) and _PASSING_CODES.search(str(error)):
        return True
    return isinstance(error, _PASSING)
