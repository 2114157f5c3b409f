"""Fixtures for the servers that tests share. Without a server's program tests are skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from testing.servers.rabbit import RabbitServer
from testing.servers.redis import RedisServer
from testing.servers.server import find_program


def require(name: str) -> str:
    """Return the path of the program `name`. If it is missing, skip the test, or fail it in CI."""
    try:
        return find_program(name)
    except FileNotFoundError as missing:
        fail = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        fail(str(missing))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """Start a Redis server that all tests of the session share."""
    require("redis-server")
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def rabbit_server() -> Iterator[RabbitServer]:
    """Start a RabbitMQ server that all tests of the session share."""
    require("rabbitmq-server")
    with RabbitServer() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Return the URL of an empty, running Redis, even if the previous test stopped it."""
    redis_server.start()
    redis_server.clear()
    return redis_server.url


@pytest.fixture
def amqp_url(rabbit_server: RabbitServer) -> str:
    """Return the URL of an empty, running RabbitMQ, even if the previous test stopped it."""
    rabbit_server.start()
    rabbit_server.clear()
    return rabbit_server.url
