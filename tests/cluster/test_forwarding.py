"""The logs of RabbitMQ and Redis themselves, with the settings of the deployment, reach Graylog."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pika
import pytest
from pika.exceptions import AMQPError

from testing.gelf import GelfReceiver
from testing.servers import RabbitServer, RedisServer
from testing.waiting import PATIENCE_S, wait_for
from tests.deploy.stacks import SWARM, services
from tests.programs import unmeasured

pytestmark = pytest.mark.servers

#: Where the servers of the deployment write their logs.
_FOLDER = "/var/log/servers"


@pytest.fixture(name="graylog")
def receiver() -> Iterator[GelfReceiver]:
    """A Graylog server that is up, and that must receive only valid messages."""
    with GelfReceiver() as graylog:
        yield graylog
    assert graylog.invalid == []


@contextmanager
def forwarder(folder: Path, graylog: GelfReceiver) -> Iterator[None]:
    """Run `attrai forward` during the block, and stop it as the engine does."""
    with (folder / "printed").open("a") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "attrai", "forward", str(folder)],
            cwd=folder,
            env={**unmeasured(), "ATTRAI_GELF_URL": graylog.url},
            stdout=printed,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM


def rabbitmq(folder: Path) -> RabbitServer:
    """Return a server with the deployment's setting for a log, in another folder."""
    server = RabbitServer()
    (server.folder / "conf.d").mkdir()
    settings = (SWARM / "rabbitmq-logs.conf").read_text().replace(_FOLDER, str(folder))
    (server.folder / "conf.d" / "90-logs.conf").write_text(settings)
    with (server.folder / "rabbitmq.conf").open("a") as file:
        file.write("\nlog.file = false\n")  # as in rabbitmq.conf of the deployment
    return server


def redis(folder: Path) -> RedisServer:
    """Return a server with the deployment's setting for a log, in another folder."""
    server = RedisServer()
    command = services("graylog.yml")["redis"]["command"][-1]
    name, path = command.split(" --")[1].split(" ")
    with (server.folder / "redis.conf").open("a") as file:
        file.write(f"\n{name} {path.replace(_FOLDER, str(folder))}\n")
    return server


def log_in_wrongly(server: RabbitServer, password: str) -> None:
    """Try to log in to RabbitMQ with a wrong password."""
    with suppress(AMQPError):
        pika.BlockingConnection(pika.URLParameters(server.url.replace(server.password, password)))


def test_both_logs(tmp_path: Path, graylog: GelfReceiver) -> None:
    """Records of both servers arrive once, with time and level, through restarts of all three."""
    with rabbitmq(tmp_path) as queues, redis(tmp_path) as store:
        with forwarder(tmp_path, graylog):
            wait_for(lambda: "Ready to accept connections" in str(graylog.texts()))
            wait_for(lambda: "Server startup complete" in str(graylog.texts()))
        log_in_wrongly(queues, "opensesame")
        with forwarder(tmp_path, graylog):
            store.restart()
            wait_for(lambda: str(graylog.texts()).count("Ready to accept connections") == 2)
            wait_for(lambda: "login refused" in str(graylog.texts()))
    printed = [json.loads(line) for line in (tmp_path / "printed").read_text().splitlines()]
    assert "opensesame" not in str(graylog.messages)
    assert queues.password not in str(graylog.messages)
    assert store.password not in str(graylog.messages)
    assert "127.0.0.1:" not in str([m for m in graylog.texts() if "connection" in m])
    (refused,) = [text for text in graylog.texts() if "login refused" in text]
    message = graylog.messages[graylog.texts().index(refused)]
    assert (message["_service"], message["level"]) == ("rabbitmq", 3)
    assert message["_logger"] == "rabbitmq.connection"
    (started,) = [m for m in graylog.messages if "Server startup complete" in m["short_message"]]
    assert started["timestamp"] < message["timestamp"]
    assert {m["_service"] for m in graylog.messages} >= {"rabbitmq", "redis"}
    assert [record["event"] for record in printed].count("Ready to accept connections") == 2


def test_without_graylog(tmp_path: Path) -> None:
    """Without a Graylog to forward to, the command says so."""
    run = subprocess.run(
        [sys.executable, "-m", "attrai", "forward", str(tmp_path)],
        env={key: value for key, value in os.environ.items() if key != "ATTRAI_GELF_URL"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr.startswith("attrai: ATTRAI_GELF_URL is not set")
