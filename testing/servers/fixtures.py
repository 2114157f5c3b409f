"""The servers that tests share, and what happens where a program is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from testing.servers.rabbit import RabbitServer
from testing.servers.redis import RedisServer
from testing.servers.server import find_program


def require(name: str) -> str:
    """The path of the program `name`; without it a test is skipped, and in CI it fails."""
    try:
        return find_program(name)
    except FileNotFoundError as missing:
        fail = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        fail(str(missing))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis that the tests share."""
    require("redis-server")
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def rabbit_server() -> Iterator[RabbitServer]:
    """A RabbitMQ that the tests share."""
    require("rabbitmq-server")
    with RabbitServer() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of an empty Redis, running whatever the last test did to it."""
    redis_server.start()
    redis_server.clear()
    return redis_server.url


@pytest.fixture
def amqp_url(rabbit_server: RabbitServer) -> str:
    """The address of an empty RabbitMQ, running whatever the last test did to it."""
    rabbit_server.start()
    rabbit_server.clear()
    return rabbit_server.url
