"""A private Redis server for tests and benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from testing.servers.server import HOST, Server


class RedisServer(Server):
    """A private Redis server in which every acknowledged write survives a kill."""

    def __init__(self) -> None:
        super().__init__("redis-server")
        settings = f"""
            bind {HOST}
            port {self.port}
            dir {self.folder}
            requirepass {self.password}
            appendonly yes
            appendfsync always
            save ""
            maxmemory-policy noeviction
        """
        (self.folder / "redis.conf").write_text(settings)

    @property
    def url(self) -> str:
        """The server's URL, including the password."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def clear(self) -> None:
        """Delete all keys."""
        with self._client() as client:
            client.flushall()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Refuse writes while the context is open, as a replica of a server that is away."""
        with self._client() as client:
            client.replicaof(HOST, 1)
            try:
                yield
            finally:
                client.replicaof("NO", "ONE")

    @contextmanager
    def configured(self, name: str, value: int) -> Iterator[None]:
        """Set a parameter of the configuration while the context is open."""
        with self._client() as client:
            before = client.config_get(name)[name]
            client.config_set(name, value)
            try:
                yield
            finally:
                client.config_set(name, before)

    def _client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def _launch(self) -> None:
        self._run([self.program, self.folder / "redis.conf"])

    def _accepts_login(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except (
            redis.ConnectionError,
            redis.TimeoutError,
        ):  # not listening yet, or still loading its append-only file
            return False
