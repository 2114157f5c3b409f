"""What counts as an outage: every error that says something of a server and nothing of a photo."""

from __future__ import annotations

import re
import traceback

import dramatiq
import pika
import redis
from dramatiq.middleware import TimeLimitExceeded
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from attrai.errors import StoreUnavailable

#: Errors of RabbitMQ, Redis and the bucket. What failed with one is done again later and used up no
#: attempt. The names mislead: a silent RabbitMQ raises an `AMQPConnectorException`, which is no
#: `AMQPError`, and a read-only Redis a `ResponseError`, which is no `ConnectionError`.
OUTAGES: tuple[type[Exception], ...] = (
    dramatiq.errors.BrokerConnectionError,
    pika.exceptions.AMQPError,
    pika.exceptions.ChannelError,
    AMQPConnectorException,
    redis.RedisError,
    redis.exceptions.RedisClusterException,
    StoreUnavailable,
)

#: How a server refuses a user, password or virtual host.
RABBITMQ_REFUSALS = (
    pika.exceptions.ProbableAuthenticationError,
    pika.exceptions.ProbableAccessDeniedError,
    pika.exceptions.AuthenticationError,
)
REDIS_REFUSALS = (redis.AuthenticationError, redis.exceptions.NoPermissionError)

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
        return bool(modules & {"botocore", "pika", "redis"})
    return isinstance(error, OUTAGES)


def rabbitmq_reason(error: Exception) -> str:
    """Return why RabbitMQ can't be used, in attrai's own words.

    pika's messages may quote the password.
    """
    if isinstance(error, RABBITMQ_REFUSALS):
        return "it refuses this user, password or virtual host"
    if isinstance(error, ValueError | TypeError):
        return "ATTRAI_BROKER_URL is no URL"
    if isinstance(error, pika.exceptions.ChannelClosedByBroker):
        return f"it answers {error.reply_code}"
    # The error that the last attempt to connect ended with.
    cause = getattr(error.args[0], "exception", error) if error.args else error
    return getattr(cause, "strerror", None) or "no connection to it, or no answer"


def redis_reason(error: Exception) -> str:
    """Return why Redis can't be used, in attrai's own words.

    redis-py's messages may quote what was sent.
    """
    if isinstance(error, REDIS_REFUSALS):
        return "it refuses this user or password"
    if isinstance(error, redis.TimeoutError):
        return "no answer"
    if isinstance(error, redis.exceptions.BusyLoadingError):
        return "it is loading its data"
    if isinstance(error, redis.exceptions.ReadOnlyError):
        return "it is read-only"
    cause = error.__cause__ or error.__context__
    return getattr(cause, "strerror", None) or "no connection to it, or an error"


def passes(error: BaseException) -> bool:
    """Return whether Redis may accept the command that failed with `error` a moment later."""
    if isinstance(error, redis.ResponseError) and _PASSING_CODES.search(str(error)):
        return True
    return isinstance(error, _PASSING)
