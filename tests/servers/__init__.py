"""Real servers of our own, for tests and benchmarks, on free loopback ports.

    with RabbitServer() as rabbit, RedisServer() as redis:
        ...  # rabbit.url, redis.url

Each has its own folder, ports and password, runs as whoever runs the tests, and is gone, with its
folder, when the context or the interpreter ends.
"""

from tests.servers.prometheus import PrometheusServer
from tests.servers.rabbit import RabbitServer
from tests.servers.redis import RedisServer
from tests.servers.server import Server

__all__ = ["PrometheusServer", "RabbitServer", "RedisServer", "Server"]
