"""Outages: every error of RabbitMQ's and Redis' libraries is one, and Redis is waited for."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pika
import pytest
import redis
from dramatiq.errors import ConnectionClosed, ConnectionFailed
from dramatiq.middleware import TimeLimitExceeded
from pika.adapters.utils import connection_workflow
from redis.backoff import NoBackoff

from attrai.outages import OUTAGES, is_outage, passes
from attrai.services import PatientRetry, open_redis
from attrai.settings import Settings


def errors_of(module: ModuleType) -> list[type[Exception]]:
    """Return the exceptions that a module defines."""
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, Exception)
        and kind.__module__ == module.__name__
    ]


#: Errors of a program that uses the library wrongly.
BUGS = {
    pika.exceptions.ReentrancyError,
    redis.exceptions.ChildDeadlockedError,
    redis.exceptions.IncorrectPolicyType,
}


@pytest.mark.parametrize("module", [pika.exceptions, connection_workflow, redis.exceptions])
def test_every_error_of_a_server(module: ModuleType) -> None:
    """Every error that a library defines for its server is an outage, whatever its family."""
    errors = set(errors_of(module)) - BUGS
    assert len(errors) >= 9
    assert {error for error in errors if not issubclass(error, OUTAGES)} == set()


@pytest.mark.parametrize("error", [ConnectionClosed("x"), ConnectionFailed("x")])
def test_dramatiqs_errors(error: Exception) -> None:
    """Both of dramatiq's errors of a broker are outages."""
    assert is_outage(error)


@pytest.mark.parametrize("error", [ValueError(), OSError("disk full"), TimeLimitExceeded()])
def test_what_is_no_outage(error: BaseException) -> None:
    """A stage's own errors, and a time limit that strikes in its work, are not outages."""
    with pytest.raises(type(error)) as raised:
        raise error
    assert not is_outage(raised.value)


def test_a_time_limit_while_waiting_for_redis() -> None:
    """A time limit that strikes in a call to Redis says nothing of the photo."""

    def strike() -> None:
        raise TimeLimitExceeded

    retry = PatientRetry(NoBackoff(), 1, (redis.RedisError,))
    with pytest.raises(TimeLimitExceeded) as struck:
        retry.call_with_retry(strike, lambda _: None)
    assert is_outage(struck.value)


#: What a Redis says, or does, that can't be used at the moment.
REPLIES = [
    "-READONLY You can't write against a read only replica.",
    "-OOM command not allowed when used memory > 'maxmemory'.",
    "-LOADING Redis is loading the dataset in memory",
    "-BUSY Redis is busy running a script.",
    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "-CLUSTERDOWN The cluster is down",
    "-TRYAGAIN Multiple keys request during rehashing of slot",
    "-MISCONF Redis is configured to save RDB snapshots, but it's unable to persist to disk.",
    "-NOREPLICAS Not enough good replicas to write.",
    "-UNBLOCKED force unblock from blocking operation, instance state changed",
    "-ERR max number of clients reached",
    "-ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write",
    ":no number",
    "?",
    "",  # it hangs up
]


@contextmanager
def redis_that_says(replies: list[str]) -> Iterator[str]:
    """Run a Redis that gives these replies to SET, and then OK; yield its URL."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while header := self.rfile.readline():
                words = []
                for _ in range(int(header[1:])):
                    size = int(self.rfile.readline()[1:])
                    words.append(self.rfile.read(size + 2)[:-2])
                reply = {b"PING": "+PONG"}.get(words[0], "+OK")
                if words[0] == b"SET" and replies:
                    reply = replies.pop()
                if not reply:
                    return
                self.wfile.write(f"{reply}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"redis://127.0.0.1:{server.server_address[1]}/0?protocol=2"
        finally:
            server.shutdown()


@pytest.mark.parametrize("reply", REPLIES)
def test_redis_is_waited_for(reply: str) -> None:
    """A call to a Redis that can't be used at the moment is tried again until it can be."""
    replies = [reply] * 3
    with redis_that_says(replies) as url, open_redis(Settings(redis_url=url)) as client:
        assert client.set("key", "value")
    assert replies == []


@pytest.mark.parametrize("reply", ["-WRONGTYPE Operation against a key", "-ERR unknown command"])
def test_a_mistake_is_not_repeated(reply: str) -> None:
    """A call that will never work fails at once."""
    replies = [reply] * 3
    with redis_that_says(replies) as url, open_redis(Settings(redis_url=url)) as client:
        with pytest.raises(redis.ResponseError) as failure:
            client.set("key", "value")
        assert len(replies) == 2
    assert not passes(failure.value)
