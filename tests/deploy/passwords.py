"""The secrets that ./passwords makes, and servers that are configured with them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pika
import redis
from pika.exceptions import AMQPError
from redis.backoff import NoBackoff
from redis.retry import Retry

from testing.servers.rabbit import RabbitServer
from testing.servers.redis import RedisServer
from testing.servers.server import HOST, RABBITMQ_BIN, listening
from tests.deploy.stacks import SWARM, fake_docker


class Secrets:
    """What ./passwords gave to the fake `docker`, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs = fake_docker(folder)

    def make(self, generation: str) -> None:
        """Make a generation of passwords."""
        self.run(generation)

    def run(self, *arguments: str) -> None:
        """Run ./passwords."""
        environment = os.environ | {"PATH": f"{self._programs}:{os.environ['PATH']}"}
        subprocess.run([SWARM / "passwords", *arguments], env=environment, check=True)

    def run_in(self, rabbit: SwarmRabbit) -> None:
        """Let `docker exec` run programs of a server, and list no secret but one of all roles."""
        variables = " ".join(f"'{k}={v}'" for k, v in rabbit.environment().items())
        (self._programs / "docker").write_text(
            "#!/bin/sh\n"
            'case "$1" in\n'
            "ps) echo 0123 ;;\n"
            "secret) echo attrai_redis_users_2 ;;\n"
            f'exec) shift 2; exec env -i {variables} "$@" ;;\n'
            "esac\n"
        )

    def read(self, name: str) -> str:
        """Return a secret's content."""
        return (self.folder / f"attrai_{name}").read_text()

    def url(self, kind: str, role: str, generation: str, port: int) -> str:
        """Return the URL of a role for a server on this machine: `kind` is broker or redis."""
        parts = urlsplit(self.read(f"{kind}_url_{role}_{generation}"))
        login = f"{parts.username}:{parts.password}"
        return urlunsplit(parts._replace(netloc=f"{login}@{HOST}:{port}"))


def _mount(
    server: Path, secrets: Secrets, name: str, generations: tuple[str, ...], suffix: str = ""
) -> Path:
    """Replace the secrets of a server by those of the generations, and return their folder."""
    folder = server / "secrets"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for generation in generations:
        (folder / f"{name}_{generation}{suffix}").write_text(secrets.read(f"{name}_{generation}"))
    return folder


class SwarmRabbit(RabbitServer):
    """A private RabbitMQ with the configuration of the stack."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets
        self.vhost = "%2F"

    def mount(self, *generations: str) -> None:
        """Give it these generations of users, from its next start on."""
        folder = _mount(self.folder, self._secrets, "rabbitmq_definitions", generations, ".json")
        settings = (SWARM / "rabbitmq.conf").read_text("utf-8")
        settings = settings.replace("/run/secrets", str(folder))
        settings += f"listeners.tcp.1 = {HOST}:{self.port}\n"
        (self.folder / "rabbitmq.conf").write_text(settings)

    def users(self) -> set[str]:
        """Return the names of its users."""
        names = self._evaluate(
            "[io:format('~s~n', [proplists:get_value(user, User)])"
            " || User <- rabbit_auth_backend_internal:list_users()]"
        )
        return set(names.split())

    def environment(self) -> dict[str, str]:
        """Return the environment in which `rabbitmqctl` reaches it."""
        return self._environment() | {"PATH": f"{RABBITMQ_BIN}:{os.environ['PATH']}"}

    def _accepts_login(self) -> bool:
        """Return whether it listens, which it does once the definitions are imported."""
        return listening(self.port)

    def accepts(self, role: str, generation: str) -> bool:
        """Return whether a role can log in with a generation's password."""
        url = self._secrets.url("broker", role, generation, self.port)
        try:
            pika.BlockingConnection(pika.URLParameters(url)).close()
        except AMQPError:
            return False
        return True


class SwarmRedis(RedisServer):
    """A private Redis with the configuration of the stack."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def mount(self, *generations: str) -> None:
        """Give it these generations of users, from its next start on."""
        folder = _mount(self.folder, self._secrets, "redis_users", generations)
        settings = (SWARM / "redis.conf").read_text("utf-8")
        settings = settings.replace("/run/secrets", str(folder))
        settings = settings.replace("dir /data", f"dir {self.folder}")
        settings += f"bind {HOST}\nport {self.port}\n"
        (self.folder / "redis.conf").write_text(settings)

    @property
    def url(self) -> str:
        """The server's URL for the health check's user, for whom any password will do."""
        return f"redis://health:any@{HOST}:{self.port}/0"

    def accepts(self, role: str, generation: str) -> bool:
        """Return whether a role can log in with a generation's password."""
        url = self._secrets.url("redis", role, generation, self.port)
        try:
            with redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.AuthenticationError:
            return False
