"""Real servers of our own, for tests and benchmarks, on free loopback ports.

    with RabbitServer() as rabbit, RedisServer() as redis:
        ...  # rabbit.url, redis.url

Each has its own folder, ports and password, runs as whoever runs the tests, and is gone, with its
folder, when the context or the interpreter ends.
"""

from testing.servers.prometheus import PrometheusServer
from testing.servers.rabbit import RabbitServer
from testing.servers.redis import RedisServer
from testing.servers.server import Server

__all__ = ["PrometheusServer", "RabbitServer", "RedisServer", "Server"]
