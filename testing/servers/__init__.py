"""Private, real servers for tests and benchmarks, on free loopback ports.

    with RabbitServer() as rabbit, RedisServer() as redis:
        ...  # rabbit.url, redis.url

Each has its own folder and ports, runs as the user who runs the tests, and is removed, with its
folder, when the context or the interpreter exits. RabbitMQ and Redis have their own password.
"""

from testing.servers.prometheus import PrometheusServer
from testing.servers.rabbit import RabbitServer
from testing.servers.redis import RedisServer
from testing.servers.server import Server

__all__ = ["PrometheusServer", "RabbitServer", "RedisServer", "Server"]
