"""The servers for tests: they keep what they accepted, and leave nothing behind."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pika
import psutil
import pytest
import redis
from pika.adapters.blocking_connection import BlockingChannel
from redis.backoff import NoBackoff
from redis.retry import Retry

from testing.servers import RabbitServer, RedisServer, Server
from testing.servers.fixtures import require
from testing.servers.server import HOST, find_program, free_ports, is_gone, listening
from testing.waiting import PATIENCE_S

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[1]
PERSISTENT = pika.BasicProperties(delivery_mode=2)


@contextmanager
def channel(url: str) -> Iterator[BlockingChannel]:
    """A channel that confirms what is published."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        opened = connection.channel()
        opened.confirm_delivery()
        yield opened


def publish(url: str, queue: str, body: bytes) -> None:
    """Put a message that survives its server into a queue that does."""
    with channel(url) as opened:
        opened.queue_declare(queue, durable=True)
        opened.basic_publish("", queue, body, PERSISTENT)


def fetch(url: str, queue: str) -> bytes | None:
    """The next message of a queue."""
    with channel(url) as opened:
        return opened.basic_get(queue, auto_ack=True)[2]


def end_and_check(server: Server) -> None:
    """Close a server and look for what it should have taken along."""
    processes = server.processes()
    server.close()
    assert all(map(is_gone, processes))
    assert not server.folder.exists()
    assert not listening(server.port)


def test_a_key_survives_a_restart_and_a_kill(redis_url: str, redis_server: RedisServer) -> None:
    """What Redis acknowledged is there after a clean end and after SIGKILL."""
    for end in (redis_server.stop, redis_server.kill):
        with redis.Redis.from_url(redis_url) as client:
            client.set("key", end.__name__)
        end()
        assert not listening(redis_server.port)
        redis_server.start()
        with redis.Redis.from_url(redis_url) as client:
            assert client.get("key") == end.__name__.encode()


def test_redis_asks_for_its_password(redis_server: RedisServer) -> None:
    """Another program that finds the port by accident gets nowhere."""
    with (
        redis.Redis(HOST, redis_server.port, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_a_message_survives_a_restart(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """A durable queue keeps its message over a clean end, at the same address."""
    publish(amqp_url, "durable", b"photo")
    rabbit_server.restart()
    assert rabbit_server.queue_depths() == {"durable": 1}
    assert fetch(amqp_url, "durable") == b"photo"


def test_a_message_survives_a_kill(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """SIGKILL frees the ports at once and loses nothing that was confirmed."""
    publish(amqp_url, "durable", b"photo")
    processes = rabbit_server.processes()
    assert {"epmd", "beam.smp"} <= {process.name() for process in processes}
    rabbit_server.kill()
    assert all(map(is_gone, processes))
    with socket.create_server((HOST, rabbit_server.port)):
        pass
    rabbit_server.start()
    assert fetch(amqp_url, "durable") == b"photo"


def test_two_rabbits_side_by_side(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """A second node knows nothing of the first, and nothing is left of it afterwards."""
    with RabbitServer() as other:
        publish(other.url, "theirs", b"photo")
        publish(amqp_url, "ours", b"photo")
        assert other.queue_depths() == {"theirs": 1}
        assert rabbit_server.queue_depths() == {"ours": 1}
        end_and_check(other)
    publish(amqp_url, "ours", b"photo")
    assert rabbit_server.queue_depths() == {"ours": 2}


def test_depths_count_what_is_not_acknowledged(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """A message that a consumer holds is still in its queue; names may be any text."""
    publish(amqp_url, 'фото "1"', b"photo")
    with channel(amqp_url) as opened:
        opened.basic_get('фото "1"')
        assert rabbit_server.queue_depths() == {'фото "1"': 1}


def test_an_alarm_holds_publishers_back(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """Under the alarm a publisher is told to wait, and goes on when it ends."""
    told: list[str] = []
    waits = Event()

    def end_alarm() -> None:
        if waits.wait(PATIENCE_S):
            rabbit_server.alarm(on=False)

    with channel(amqp_url) as opened:
        opened.queue_declare("queue")
        opened.connection.add_on_connection_blocked_callback(lambda *_: told.append("wait"))
        opened.connection.add_on_connection_unblocked_callback(lambda *_: told.append("go on"))
        # The outer connection calls back when it is asked to, the inner one while we publish.
        opened.connection._impl.add_on_connection_blocked_callback(lambda *_: waits.set())
        rabbit_server.alarm(on=True)
        end = Thread(target=end_alarm)
        end.start()
        opened.basic_publish("", "queue", b"photo")  # waits for its confirmation
        opened.connection.process_data_events(time_limit=0)
        end.join()
    assert told == ["wait", "go on"]


def test_clearing_leaves_nothing_of_the_last_test(
    redis_url: str, amqp_url: str, redis_server: RedisServer, rabbit_server: RabbitServer
) -> None:
    """Keys and queues are gone, and a worker left over is cut off from the next test."""
    with redis.Redis.from_url(redis_url) as client:
        client.set("key", "value")
        redis_server.clear()
        assert client.dbsize() == 0
    publish(amqp_url, "queue", b"photo")
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        rabbit_server.clear()
        with pytest.raises(pika.exceptions.ConnectionClosedByBroker):
            connection.process_data_events(time_limit=5)
    assert rabbit_server.queue_depths() == {}


def test_clearing_after_it_failed(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """A node that was down meanwhile comes back with what it held, and is cleared then."""
    publish(amqp_url, "durable", b"photo")
    rabbit_server.kill()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="failed to connect"):
            rabbit_server.clear()
    rabbit_server.start()
    assert rabbit_server.queue_depths() == {"durable": 1}
    rabbit_server.clear()
    assert rabbit_server.queue_depths() == {}
    publish(rabbit_server.url, "durable", b"photo")
    assert rabbit_server.queue_depths() == {"durable": 1}


def test_the_node_answers_several_at_once(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """Whoever asks within the same second as another is not taken for the other."""
    publish(amqp_url, "queue", b"photo")
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(rabbit_server.queue_depths) for _ in range(40)]
    assert [depths.result() for depths in asked] == [{"queue": 1}] * 40


def test_a_failed_start_says_why_and_leaves_nothing() -> None:
    """Where the port is taken, the server's own words are in the error."""
    require("redis-server")
    server = RedisServer()
    with socket.socket() as other:
        other.bind((HOST, server.port))
        with pytest.raises(RuntimeError, match="Address already in use"):
            server.start()
    assert not server.folder.exists()
    assert not server.processes()


def test_the_end_of_the_interpreter_ends_its_servers() -> None:
    """A program that forgets its server, or fails, leaves neither process nor folder."""
    require("redis-server")
    program = (
        "from testing.servers import RedisServer\n"
        "server = RedisServer()\n"
        "server.start()\n"
        "print(server.pid, server.folder)\n"
        "raise SystemExit(3)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert ended.returncode == 3, ended.stderr
    pid, folder = ended.stdout.split()
    assert not psutil.pid_exists(int(pid))
    assert not Path(folder).exists()


def test_ports_are_not_those_of_outgoing_connections() -> None:
    """The system gives no client the port of a server that is stopped for a while."""
    ports = free_ports(10)
    assert len(set(ports)) == 10
    assert max(ports) < 32_768


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_a_missing_program_fails_only_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    """Whoever lacks a server can run the other tests and reads how to get it."""
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"apt-get install .*rabbitmq-server"):
        require("no-such-server")
    with pytest.raises(FileNotFoundError, match="apt-get install"):
        find_program("no-such-server")
