"""The private servers for tests: they keep acknowledged data, and leave nothing behind."""

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
from testing.servers.server import (
    HOST,
    find_program,
    is_gone,
    listening,
    reserved_port,
    reserved_ports,
)
from testing.waiting import PATIENCE_S

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]
PERSISTENT = pika.BasicProperties(delivery_mode=2)


@contextmanager
def channel(url: str) -> Iterator[BlockingChannel]:
    """Open a channel with publisher confirms."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        opened = connection.channel()
        opened.confirm_delivery()
        yield opened


def publish(url: str, queue: str, body: bytes) -> None:
    """Publish a persistent message to a durable queue."""
    with channel(url) as opened:
        opened.queue_declare(queue, durable=True)
        opened.basic_publish("", queue, body, PERSISTENT)


def fetch(url: str, queue: str) -> bytes | None:
    """Return the next message of a queue, or None."""
    with channel(url) as opened:
        return opened.basic_get(queue, auto_ack=True)[2]


def end_and_check(server: Server) -> None:
    """Close a server, and check that its processes, folder and port are gone."""
    processes = server.processes()
    server.close()
    assert all(map(is_gone, processes))
    assert not server.folder.exists()
    assert not listening(server.port)


def test_a_key_survives_a_restart_and_a_kill(redis_url: str, redis_server: RedisServer) -> None:
    """An acknowledged write to Redis survives a clean stop and SIGKILL."""
    for end in (redis_server.stop, redis_server.kill):
        with redis.Redis.from_url(redis_url) as client:
            client.set("key", end.__name__)
        end()
        assert not listening(redis_server.port)
        redis_server.start()
        with redis.Redis.from_url(redis_url) as client:
            assert client.get("key") == end.__name__.encode()


def test_redis_refuses_writes(redis_url: str, redis_server: RedisServer) -> None:
    """Redis refuses writes while it is read-only or out of memory, and keeps what it has."""
    with redis.Redis.from_url(redis_url) as client:
        client.set("key", "before")
        for refusing, error in (
            (redis_server.read_only(), redis.exceptions.ReadOnlyError),
            (redis_server.configured("maxmemory", 1), redis.exceptions.OutOfMemoryError),
        ):
            with refusing, pytest.raises(error):
                client.set("key", "meanwhile")
            assert client.get("key") == b"before"
            client.set("key", "before")


def test_redis_asks_for_its_password(redis_server: RedisServer) -> None:
    """A client without the password is refused."""
    with (
        redis.Redis(HOST, redis_server.port, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_a_message_survives_a_restart(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """A durable queue keeps its message over a restart, at the same URL."""
    publish(amqp_url, "durable", b"photo")
    rabbit_server.restart()
    assert rabbit_server.queue_depths() == {"durable": 1}
    assert fetch(amqp_url, "durable") == b"photo"


def test_a_message_survives_a_kill(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """SIGKILL frees the ports at once, and no confirmed message is lost."""
    publish(amqp_url, "durable", b"photo")
    rabbit_server.flush()
    processes = rabbit_server.processes()
    assert {"epmd", "beam.smp"} <= {process.name() for process in processes}
    rabbit_server.kill()
    assert all(map(is_gone, processes))
    with socket.create_server((HOST, rabbit_server.port)):
        pass
    rabbit_server.start()
    assert fetch(amqp_url, "durable") == b"photo"


def test_two_rabbits_side_by_side(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """Two nodes are independent, and closing one leaves nothing of it behind."""
    with RabbitServer() as other:
        publish(other.url, "theirs", b"photo")
        publish(amqp_url, "ours", b"photo")
        assert other.queue_depths() == {"theirs": 1}
        assert rabbit_server.queue_depths() == {"ours": 1}
        end_and_check(other)
    publish(amqp_url, "ours", b"photo")
    assert rabbit_server.queue_depths() == {"ours": 2}


def test_depths_count_what_is_not_acknowledged(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """Unacknowledged messages count as queued, and queue names may be any text."""
    publish(amqp_url, 'фото "1"', b"photo")
    with channel(amqp_url) as opened:
        opened.basic_get('фото "1"')
        assert rabbit_server.queue_depths() == {'фото "1"': 1}


def test_an_alarm_holds_publishers_back(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """Under the memory alarm a publisher is blocked until the alarm is cleared."""
    told: list[str] = []
    waits = Event()

    def end_alarm() -> None:
        if waits.wait(PATIENCE_S):
            rabbit_server.alarm(on=False)

    with channel(amqp_url) as opened:
        opened.queue_declare("queue")
        opened.connection.add_on_connection_blocked_callback(lambda *_: told.append("wait"))
        opened.connection.add_on_connection_unblocked_callback(lambda *_: told.append("go on"))
        # The outer connection runs callbacks only when asked to, the inner one during a publish.
        opened.connection._impl.add_on_connection_blocked_callback(lambda *_: waits.set())
        rabbit_server.alarm(on=True)
        end = Thread(target=end_alarm)
        end.start()
        opened.basic_publish("", "queue", b"photo")  # waits for the confirm
        opened.connection.process_data_events(time_limit=0)
        end.join()
    assert told == ["wait", "go on"]


def test_clearing_leaves_nothing_of_the_last_test(
    redis_url: str, amqp_url: str, redis_server: RedisServer, rabbit_server: RabbitServer
) -> None:
    """Clearing deletes keys and queues, and disconnects workers that are still running."""
    with redis.Redis.from_url(redis_url) as client:
        client.set("key", "value")
        redis_server.clear()
        assert client.dbsize() == 0
    publish(amqp_url, "queue", b"photo")
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        rabbit_server.clear()
        with pytest.raises(pika.exceptions.ConnectionClosedByBroker):
            connection.process_data_events(time_limit=PATIENCE_S)
    assert rabbit_server.queue_depths() == {}


def test_clearing_after_it_failed(amqp_url: str, rabbit_server: RabbitServer) -> None:
    """Clearing fails while the node is down, loses nothing, and succeeds after its restart."""
    publish(amqp_url, "durable", b"photo")
    rabbit_server.flush()
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
    """Concurrent calls to a node within the same second each get their answer."""
    publish(amqp_url, "queue", b"photo")
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(rabbit_server.queue_depths) for _ in range(40)]
    assert [depths.result() for depths in asked] == [{"queue": 1}] * 40


def test_a_failed_start_says_why_and_leaves_nothing() -> None:
    """If the port is in use, the error contains the server's own output."""
    require("redis-server")
    server = RedisServer()
    with (
        socket.create_server((HOST, server.port)),
        pytest.raises(RuntimeError, match="Address already in use"),
    ):
        server.start()
    assert not server.folder.exists()
    assert not server.processes()


def test_the_end_of_the_interpreter_ends_its_servers() -> None:
    """A program that exits without closing its server leaves neither processes nor a folder."""
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
    """The ports are outside the ephemeral range, so no client gets a stopped server's port."""
    with reserved_ports(10) as ports:
        assert len(set(ports)) == 10
        assert max(ports) < 32_768


def test_a_server_keeps_its_port(redis_server: RedisServer) -> None:
    """Nobody gets a server's port, also while it is stopped; it refuses connections meanwhile."""
    redis_server.stop()
    assert not listening(redis_server.port)
    with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
        other.bind((HOST, redis_server.port))
    redis_server.start()
    assert listening(redis_server.port)


def test_a_reserved_port() -> None:
    """A reserved port refuses connections, and a server can listen on it again and again."""
    with reserved_port() as port:
        for _ in range(2):
            assert not listening(port)
            with socket.create_server((HOST, port)):
                assert listening(port)
        with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
            other.bind((HOST, port))
    with socket.socket() as other:
        other.bind((HOST, port))


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_a_missing_program_fails_only_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    """A missing program skips a test locally and fails it in CI, with the command to install it."""
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"apt-get install .*rabbitmq-server"):
        require("no-such-server")
    with pytest.raises(FileNotFoundError, match="apt-get install"):
        find_program("no-such-server")
