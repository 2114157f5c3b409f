"""Starting processes: they wait for servers, but wrong settings end them with a clear message."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import dramatiq
import psutil
import pytest
import redis

from attrai.actors.stage import publish
from attrai.job import StageName
from attrai.monitoring.queues import RabbitQueues
from testing.servers import RabbitServer, RedisServer
from testing.waiting import PATIENCE_S, wait_for
from tests.cluster.conftest import Cluster
from tests.conftest import ROOT
from tests.packages import make_package, path_with

pytestmark = pytest.mark.servers


def start_worker(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start `attrai` with some environment variables changed."""
    return start("attrai", *arguments, **variables)


def start(module: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Run a module as a program, with some environment variables changed."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ATTRAI_BROKER_URL": "http://localhost"}, "ATTRAI_BROKER_URL"),
        ({"ATTRAI_BROKER_URL": "amqp://a:b[c@localhost"}, "ATTRAI_BROKER_URL"),
        ({"ATTRAI_BROKER_URL": "amqp://localhost?heartbeat=soon"}, "ATTRAI_BROKER_URL"),
        ({"ATTRAI_REDIS_URL": "nonsense"}, "ATTRAI_REDIS_URL"),
        ({"ATTRAI_REDIS_URL": "redis://:b[c@localhost"}, "ATTRAI_REDIS_URL"),
        ({"ATTRAI_REDIS_URL": "redis://localhost?socket_timeout=soon"}, "ATTRAI_REDIS_URL"),
        ({"ATTRAI_PHOTOS_URL": "ftp://somewhere"}, "ATTRAI_PHOTOS_URL"),
        ({"ATTRAI_PHOTOS_URL": "file:///no/such/folder"}, "ATTRAI_PHOTOS_URL"),
        ({"ATTRAI_GELF_URL": "udp://localhost"}, "ATTRAI_GELF_URL"),
        ({"ATTRAI_JOB_SECONDS": "soon"}, "ATTRAI_JOB_SECONDS"),
        ({"ATTRAI_DETECTOR": "eyes"}, "no detector 'eyes'; there are facenet, mtcnn"),
        ({"ATTRAI_SCORER": "taste"}, "no scorer 'taste'; there are onnx, resnet34"),
        ({"ATTRAI_SCORER": "onnx"}, "ATTRAI_WEIGHTS is not set: the scorer onnx needs"),
    ],
)
def test_unusable_settings(variables: dict[str, str], said: str) -> None:
    """An unusable setting ends the worker with one line that names it."""
    stages = {"ATTRAI_DETECTOR": "detect", "ATTRAI_SCORER": "score"}
    stage = next((stages[name] for name in variables if name in stages), "render")
    worker = start_worker("worker", stage, **variables)
    output, _ = worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode != 0
    (line,) = (line for line in output.splitlines() if line.startswith("attrai: "))
    assert said in line
    assert "Traceback" not in output


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("variable", ["ATTRAI_BROKER_URL", "ATTRAI_REDIS_URL"])
def test_a_wrong_password(variable: str) -> None:
    """A wrong password ends the worker at once, and is not shown."""
    url = os.environ[variable]
    scheme, rest = url.split("://")
    user, address = rest.rsplit("@", 1)
    wrong = f"{scheme}://{user.split(':')[0]}:opensesame@{address}"
    worker = start_worker("worker", "render", **{variable: wrong})
    output, _ = worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode != 0
    assert f"attrai: {variable}" in output
    assert "opensesame" not in output


@pytest.mark.usefixtures("cluster")
def test_a_read_only_redis(redis_server: RedisServer) -> None:
    """A process waits for a Redis that is read-only, as it is for a while in a failover."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.replicaof("127.0.0.1", "1")
        try:
            process = start_worker("sweep", "--once")
            assert process.stdout is not None
            line = next(line for line in process.stdout if "not up yet" in line and "Redis" in line)
        finally:
            client.replicaof("NO", "ONE")
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert "it is read-only" in line
    assert "0 overdue jobs answered" in output
    assert process.returncode == 0


def test_a_redis_that_evicts(cluster: Cluster, redis_server: RedisServer) -> None:
    """A Redis that may delete keys when its memory is full ends the process at once."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            worker = start_worker("sweep", "--once")
            output, _ = worker.communicate(timeout=PATIENCE_S)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert worker.returncode != 0
    assert "set maxmemory-policy to noeviction instead of allkeys-lru\n" in output
    assert "Traceback" not in output
    assert cluster.ledger.in_flight() == 0


def test_servers_that_are_not_up_yet(
    cluster: Cluster, rabbit_server: RabbitServer, redis_server: RedisServer
) -> None:
    """A worker that starts before its servers waits for them, and logs a warning."""
    rabbit_server.stop()
    redis_server.stop()
    worker = start_worker("worker", "render")
    assert worker.stdout is not None
    try:
        for server, start in (("RabbitMQ", rabbit_server.start), ("Redis", redis_server.start)):
            line = next(line for line in worker.stdout if line.startswith("{") and server in line)
            record = json.loads(line)
            assert (record["event"], record["level"]) == ("not up yet", "warning")
            assert record["reason"] == "Connection refused"
            start()
        wait_for(
            lambda: cluster.ledger.estimates.loads()["render"].workers == 1, "it did not start"
        )
    finally:
        worker.terminate()
        worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode == 128 + signal.SIGTERM
    assert cluster.ledger.estimates.loads()["render"].workers == 0  # it deregistered


def test_a_bot_without_a_token() -> None:
    """The bot says that its token is missing before it waits for a server."""
    nobody = "127.0.0.1:1"
    bot = start_worker(
        "bot", ATTRAI_BROKER_URL=f"amqp://{nobody}", ATTRAI_REDIS_URL=f"redis://{nobody}"
    )
    output, _ = bot.communicate(timeout=PATIENCE_S)
    assert output == "attrai: ATTRAI_TELEGRAM_TOKEN is not set; @BotFather gives one\n"
    assert bot.returncode != 0


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("stage", ["ingest", "deliver"])
@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", r"no channel is set up, of .*telegram.*ATTRAI_TELEGRAM_TOKEN"),
        ("no token", "ATTRAI_TELEGRAM_TOKEN: this is no token"),
    ],
    ids=["none", "wrong"],
)
def test_a_stage_without_a_channel(stage: str, token: str, said: str) -> None:
    """A stage that fetches or answers ends with one line if it has no channel to do so."""
    worker = start_worker("worker", stage, ATTRAI_TELEGRAM_TOKEN=token)
    output, _ = worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode != 0
    (line,) = (line for line in output.splitlines() if line.startswith("attrai: "))
    assert re.search(said, line)
    assert "Traceback" not in output


def test_a_broken_channel(cluster: Cluster, tmp_path: Path) -> None:
    """A channel that can't be loaded ends the stages that use channels, and no other stage."""
    package = make_package(tmp_path / "p", "broken_of_a_test", "", channels={"broken": "Nothing"})
    path = path_with(package)
    worker = start_worker("worker", "deliver", PYTHONPATH=path)
    output, _ = worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode != 0
    assert "attrai: channel 'broken' (broken_of_a_test:Nothing) can't be loaded" in output
    assert "Traceback" not in output
    worker = start_worker("worker", "render", PYTHONPATH=path)
    try:
        wait_for(
            lambda: cluster.ledger.estimates.loads()["render"].workers == 1, "it did not start"
        )
    finally:
        worker.terminate()
        worker.communicate(timeout=PATIENCE_S)


@pytest.mark.usefixtures("cluster")
def test_an_unknown_stage() -> None:
    """An unknown stage is refused with a list of the stages."""
    worker = start_worker("worker", "polish")
    output, _ = worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode == 2
    assert "ingest, detect, score, render, deliver" in output


def test_health_command(cluster: Cluster) -> None:
    """`attrai health` reports a worker that hangs."""
    cluster.start("deliver")
    well = start_worker("health")
    assert well.communicate(timeout=PATIENCE_S) == ("", None)
    assert well.returncode == 0
    worker = cluster.workers["deliver"].process
    (child,) = (file for file in cluster.folder.glob("attrai-health-*/*"))
    os.kill(int(child.name), signal.SIGSTOP)
    stopped = psutil.Process(int(child.name))
    wait_for(lambda: stopped.status() == psutil.STATUS_STOPPED, "it does not stop")
    os.utime(child, (0, 0))
    hung = start_worker("health")
    output, _ = hung.communicate(timeout=PATIENCE_S)
    os.kill(int(child.name), signal.SIGCONT)
    assert hung.returncode == 1
    assert "silent" in output
    assert worker.poll() is None


@pytest.mark.parametrize(
    "command",
    [
        ["dramatiq", "attrai.worker:setup", "attrai.actors.render", "-p", "1"],
        ["attrai", "worker", "render"],
    ],
    ids=lambda command: command[0],
)
def test_a_worker_consumes_its_stage_alone(cluster: Cluster, command: list[str]) -> None:
    """Without options a worker consumes its module's queue, and no other queue."""
    publish(cluster.broker, "render", cluster.job(1))
    publish_unreadable(cluster, "render")
    worker = start(*command)
    queues = RabbitQueues(cluster.settings.broker_url.get_secret_value())
    try:
        wait_for(lambda: queues.depths()["render"].ready == 0, "it consumes nothing")
        wait_for(lambda: queues.depths()["deliver"].ready == 1, "the failure is not forwarded")
        wait_for(lambda: cluster.ledger.estimates.loads()["render"].workers, "it does not register")
        loads = cluster.ledger.estimates.loads()
    finally:
        worker.terminate()
        output, _ = worker.communicate(timeout=PATIENCE_S)
    assert [stage for stage, load in loads.items() if load.workers] == ["render"]
    assert queues.depths()["deliver"].ready == 1
    assert "undefined actor" not in output


def publish_unreadable(cluster: Cluster, stage: StageName) -> None:
    """Publish a job that can't be read, but answered."""
    message = {**cluster.job(2).to_message(), "faces": "none"}
    cluster.broker.enqueue(
        dramatiq.Message(queue_name=stage, actor_name=stage, args=(message,), kwargs={}, options={})
    )


@pytest.mark.usefixtures("cluster")
def test_a_worker_without_a_stage() -> None:
    """A module that is no stage ends the worker with a line that says so."""
    worker = start("dramatiq", "attrai.worker:setup", "attrai.actors.intake", "-p", "1")
    output, _ = worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode != 0
    assert "no stage: name its module" in output
