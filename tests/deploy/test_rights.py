"""What each role may do in a RabbitMQ and a Redis that are configured as in the stack."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pika
import pytest
import redis
from pika.exceptions import ChannelClosedByBroker
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from attrai.actors.intake import Intake
from attrai.actors.stage import publish
from attrai.api.channel import ApiChannel
from attrai.api.keys import Client
from attrai.api.photos import Photos
from attrai.api.results import Results
from attrai.broker import Broker
from attrai.job import STAGES, Job
from attrai.ledger import Ledger, Start, keys
from attrai.ledger.history import read_history
from attrai.ledger.recent import read_activity
from attrai.monitoring.queues import RabbitQueues
from attrai.processes.startup import await_servers
from attrai.processes.sweeper import sweep
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from attrai.storage.unlinked import UnlinkedStore
from attrai.telegram.limiter import Limiter
from attrai.telegram.pseudonyms import Pseudonyms
from testing.servers.fixtures import require
from testing.servers.server import HOST
from testing.waiting import wait_for
from tests.cluster.channel import ANSWERS, NAME
from tests.conftest import ASTRONAUT, ROOT
from tests.deploy.passwords import Secrets, SwarmRabbit, SwarmRedis
from tests.deploy.stacks import USERS

pytestmark = pytest.mark.servers

#: The queues to which a role publishes.
TARGETS = {
    "bot": {"ingest", "deliver"},
    "api": {"ingest", "deliver"},
    "ingest": {"ingest", "detect", "deliver"},
    "detect": {"detect", "score", "deliver"},
    "score": {"score", "render", "deliver"},
    "render": {"render", "deliver"},
    "deliver": {"deliver"},
    "sweep": {"deliver"},
}
#: AMQP's reply code for what a user may not do.
_ACCESS_REFUSED = 403
QUEUES = {f"{stage}{suffix}" for stage in STAGES for suffix in ("", ".DQ", ".XQ")}


class Servers:
    """Both servers, and the settings with which each role reaches them."""

    def __init__(self, secrets: Secrets) -> None:
        self.secrets = secrets
        self.rabbit, self.redis = SwarmRabbit(secrets), SwarmRedis(secrets)

    def mount(self, *generations: str) -> None:
        """Give both servers these generations of passwords, from their next start on."""
        self.rabbit.mount(*generations)
        self.redis.mount(*generations)

    def settings(self, role: str, generation: str = "1") -> Settings:
        """Return the settings of a role."""
        broker = self.secrets.url("broker", role, generation, self.rabbit.port)
        ledger = self.secrets.url("redis", role, generation, self.redis.port)
        return Settings.model_validate({"broker_url": broker, "redis_url": ledger})

    def connect(self, role: str) -> pika.BlockingConnection:
        """Return a role's connection to RabbitMQ."""
        url = self.settings(role).broker_url.get_secret_value()
        return pika.BlockingConnection(pika.URLParameters(url))


@pytest.fixture(scope="module", name="servers")
def running_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Return running servers with a first generation of passwords, and without a single key."""
    require("rabbitmq-server")
    require("redis-server")
    secrets = Secrets(tmp_path_factory.mktemp("secrets"))
    secrets.make("1")
    servers = Servers(secrets)
    servers.mount("1")
    with ExitStack() as stack:
        stack.enter_context(servers.redis)
        stack.enter_context(servers.rabbit)
        yield servers


class Role:
    """A role's parts, opened as its process does."""

    def __init__(self, servers: Servers, name: str) -> None:
        settings = servers.settings(name)
        await_servers(settings)
        self.queues = RabbitQueues(settings.broker_url.get_secret_value())
        self.redis: redis.Redis = open_redis(settings)
        self.ledger: Ledger = make_ledger(self.redis, settings)
        self.broker: Broker = make_broker(settings, [])

    def close(self) -> None:
        """Close both connections."""
        self.broker.close()
        self.redis.close()


@pytest.fixture(name="role_of")
def opened_roles(servers: Servers) -> Iterator[Callable[[str], Role]]:
    """Return a function that opens a role's parts."""
    with ExitStack() as stack:

        def open_role(name: str) -> Role:
            role = Role(servers, name)
            stack.callback(role.close)
            return role

        yield open_role


def new_job(number: int, source: Path = ASTRONAUT) -> Job:
    """Return a job for a photo."""
    now = time.time()
    return Job(
        id=f"{number:032x}",
        channel=NAME,
        address={},
        user="user",
        source=str(source),
        renderer="boxes",
        admitted_at=now,
        queued_at=now,
    )


@pytest.mark.timeout(600)
def test_a_photo_passes_all_stages(
    servers: Servers, role_of: Callable[[str], Role], tmp_path: Path
) -> None:
    """With its own user each stage takes from its queue and publishes to the next."""
    (tmp_path / "photos").mkdir()
    answers = tmp_path / "answers"
    bot = role_of("bot")
    workers = []
    try:
        for stage in STAGES:
            settings = servers.settings(stage)
            environment = os.environ | {
                "ATTRAI_BROKER_URL": settings.broker_url.get_secret_value(),
                "ATTRAI_REDIS_URL": settings.redis_url.get_secret_value(),
                "ATTRAI_PHOTOS_URL": f"file://{tmp_path}/photos",
                "TMPDIR": str(tmp_path),
                ANSWERS: str(answers),
            }
            command = ["dramatiq", "tests.cluster.channel:setup", f"attrai.actors.{stage}"]
            with (tmp_path / f"{stage}.log").open("w") as log:
                workers.append(
                    subprocess.Popen(
                        [sys.executable, "-m", *command, "-p", "1", "-t", "1", "-Q", stage],
                        cwd=ROOT,
                        env=environment,
                        stdout=log,
                        stderr=log,
                    )
                )
        jobs = [new_job(1), new_job(2, tmp_path / "no such photo")]
        for job in jobs:
            assert bot.ledger.admit(job) == "admitted"
            publish(bot.broker, "ingest", job)
        wait_for(
            lambda: answers.exists() and len(answers.read_text().splitlines()) == len(jobs),
            f"no answers; see {tmp_path}/*.log",
            seconds=300,
        )
        wait_for(lambda: bot.ledger.in_flight() == 0, "the slots are still taken")
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()
    assert sorted(answers.read_text().split()[1::2]) == ["internal", "picture"]
    for stage in STAGES:
        log = (tmp_path / f"{stage}.log").read_text()
        assert "ACCESS_REFUSED" not in log
        assert "NOPERM" not in log


@pytest.mark.parametrize("stage", STAGES)
def test_stages(role_of: Callable[[str], Role], stage: str) -> None:
    """A stage does all that the ledger and its queues ask of it."""
    role, bot = role_of(stage), role_of("bot")
    job = new_job(100 + STAGES.index(stage))
    assert bot.ledger.admit(job) == "admitted"
    role.ledger.heartbeat(stage, "worker")
    role.ledger.count_dropped_logs(1)
    assert isinstance(role.ledger.begin(job, stage), Start)
    role.ledger.pause(job, stage)
    bot.redis.delete(keys.JOBS, keys.TICKETS, keys.USER_JOBS + job.user)
    assert isinstance(role.ledger.begin(job, stage), Start)  # it is admitted again
    for target in TARGETS[stage]:
        publish(role.broker, target, job)
        publish(role.broker, target, job, delay=3_600_000)
    role.ledger.deregister(stage, "worker")
    role_of("deliver").ledger.finish(job)
    channel = role.broker.channel
    for queue in (stage, f"{stage}.DQ"):
        channel.queue_purge(queue)


def test_messages(role_of: Callable[[str], Role]) -> None:
    """The roles that talk to Telegram keep to its rate limits, and the bot keeps its messages."""
    for name in ("bot", "ingest", "deliver"):
        limiter = Limiter(role_of(name).redis, Pseudonyms("token"), patience=10)
        limiter.acquire(STAGES.index("ingest") + 1, "turn")
        limiter.hold(1, 1)
    client = role_of("bot").redis
    client.hset(keys.NOTICES, "job", "message")
    assert client.hgetall(keys.NOTICES) == {b"job": b"message"}
    client.hdel(keys.NOTICES, "job")
    client.set(keys.LANGUAGE + "1", "de", ex=60)
    assert client.getex(keys.LANGUAGE + "1", ex=600) == b"de"
    client.delete(keys.LANGUAGE + "1")


@pytest.mark.parametrize(("how", "number"), [("stop", 300), ("kill", 302)])
def test_redis_keeps_its_data(
    servers: Servers, role_of: Callable[[str], Role], how: str, number: int
) -> None:
    """After a restart Redis still knows what the roles' scripts wrote."""
    bot, deliver = role_of("bot"), role_of("deliver")
    held, answered = new_job(number), new_job(number + 1)
    for job in (held, answered):
        assert bot.ledger.admit(job) == "admitted"
    assert deliver.ledger.finish(answered)
    getattr(servers.redis, how)()
    servers.redis.start()
    assert bot.ledger.holds(held.id)
    assert bot.ledger.admit(answered) == "answered"
    deliver.ledger.finish(held)


def test_cancelling(role_of: Callable[[str], Role]) -> None:
    """The bot gives up a job, which no stage begins any more."""
    bot, job = role_of("bot"), new_job(250)
    assert bot.ledger.admit(job) == "admitted"
    assert bot.ledger.cancel([job.id]) == [job.id]
    assert {role_of(stage).ledger.begin(job, stage) for stage in STAGES} == {"answered"}


def test_photos_over_http(role_of: Callable[[str], Role]) -> None:
    """The HTTP interface admits a photo, deliver keeps its result, and the sweeper deletes that."""
    api, client = role_of("api"), Client("user", "secret")
    with closing(UnlinkedStore()) as store:
        intake = Intake(api.broker, api.ledger)
        photos = Photos(api.redis, intake, store)
        found = photos.admit(client, b"a photo", "boxes", "en", "key")
        job = found.job
        assert photos.admit(client, b"a photo", "boxes", "en", "key").job.id == job.id
        assert not photos.find(client, job.id).done
        deliver = role_of("deliver")
        channel = ApiChannel(store, Results(deliver.redis, deliver.ledger, store))
        assert channel.fetch(job, 100) == b"a photo"
        channel.deliver(job, b"a picture")
        deliver.ledger.finish(job)
        store.delete_job(job.id)
        assert photos.find(client, job.id).done
        (result,) = store.job_ids(-1)
        sweeper = role_of("sweep").ledger
        assert sweeper.orphans([result]) == []
        deliver.ledger.expire_files(result, -1)
        assert sweeper.orphans([result]) == [result]
        cancelled = photos.admit(client, b"a photo", "boxes", "en", None).job.id
        photos.delete(client, cancelled)
        assert photos.find(client, cancelled) is None
    for queue in ("ingest", "ingest.DQ"):
        role_of("ingest").broker.channel.queue_purge(queue)


def test_sweep(role_of: Callable[[str], Role]) -> None:
    """The sweeper answers what is overdue, and asks for the owners of files."""
    role = role_of("sweep")
    bot, job = role_of("bot"), new_job(200)
    assert bot.ledger.admit(job) == "admitted"
    bot.redis.zadd(keys.JOBS, {job.id: 1})
    with closing(UnlinkedStore()) as photos:
        assert sweep(role.broker, role.ledger, photos) == (1, 0)
    assert role.ledger.holds(job.id)
    unreadable = new_job(201)
    assert bot.ledger.admit(unreadable) == "admitted"
    bot.redis.zadd(keys.JOBS, {unreadable.id: 1})
    bot.redis.hset(keys.TICKETS, unreadable.id, "not JSON")
    assert role.ledger.claim_overdue() == []
    assert not role.ledger.holds(unreadable.id)
    bot.redis.zrem(keys.USER_JOBS + job.user, unreadable.id)
    role_of("deliver").ledger.finish(job)
    assert role.ledger.orphans([new_job(202).id, job.id]) == [job.id]


@pytest.mark.parametrize("name", ["bot", "api", "sweep"])
def test_monitoring(role_of: Callable[[str], Role], name: str) -> None:
    """The bot for /admin, and the sweeper for metrics and `attrai status`, read the whole state."""
    role = role_of(name)
    assert set(role.queues.depths()) == set(STAGES)
    assert set(read_activity(role.redis, role.ledger).stages) == set(STAGES)
    assert read_history(role.redis).days
    assert role.ledger.estimates.next_slot("user") == 0


@pytest.mark.parametrize("name", USERS)
def test_queues_that_are_refused(servers: Servers, name: str) -> None:
    """A role reads no queue of others, and changes none that it doesn't publish to."""
    own = {name, f"{name}.DQ"} & QUEUES
    changes = {f"{target}{suffix}" for target in TARGETS[name] for suffix in ("", ".DQ", ".XQ")}
    with servers.connect(name) as connection:
        for queue in sorted(QUEUES - own):
            assert refused(connection, lambda channel, queue=queue: channel.basic_get(queue))
            assert refused(connection, lambda channel, queue=queue: channel.queue_purge(queue))
        for queue in [*sorted(QUEUES - changes), "another"]:
            assert refused(connection, lambda channel, queue=queue: channel.queue_delete(queue))
        assert refused(connection, lambda channel: channel.queue_declare("another"))
        assert refused(connection, lambda channel: channel.exchange_declare("another"))
        assert not refused(connection, lambda channel: channel.confirm_delivery())


def refused(connection: pika.BlockingConnection, action: Callable[..., object]) -> bool:
    """Return whether RabbitMQ forbids an action."""
    channel = connection.channel()
    try:
        action(channel)
    except ChannelClosedByBroker as error:
        return bool(error.reply_code == _ACCESS_REFUSED)
    channel.close()
    return False


@pytest.mark.parametrize("name", USERS)
def test_commands_that_are_refused(role_of: Callable[[str], Role], name: str) -> None:
    """A role can neither administer Redis nor delete or list everything in it."""
    client = role_of(name).redis
    for command in (
        "FLUSHALL",
        "FLUSHDB",
        "CONFIG GET *",
        "CONFIG SET appendonly no",
        "KEYS *",
        "SCAN 0",
        "RANDOMKEY",
        "DBSIZE",
        "SHUTDOWN NOSAVE",
        "SCRIPT FLUSH",
        "FUNCTION LIST",
        "ACL LIST",
        "CLIENT LIST",
        "MONITOR",
        "SAVE",
        "REPLICAOF NO ONE",
        "SWAPDB 0 1",
        "PUBLISH channel message",
        "GET another",
        "SET another 1",
    ):
        with pytest.raises(NoPermissionError):
            client.execute_command(*command.split())
    with pytest.raises(redis.ResponseError, match="can't access"):
        client.register_script("return redis.call('GET', 'another')")()


@pytest.mark.parametrize("name", ["detect", "score", "render"])
def test_keys_that_are_refused(role_of: Callable[[str], Role], name: str) -> None:
    """The stages without access to Telegram reach nothing that only the others use."""
    client = role_of(name).redis
    for key in (
        keys.NOTICES,
        keys.NOTICES_BOTS,
        keys.NOTICES_JOINED,
        keys.NOTICES_CLAIM + "1",
        keys.NOTICES_ORPHAN + "1",
        keys.BOT + "1",
        keys.CAPTION + "1",
        keys.UPDATE + "1",
        keys.SENDS + "1",
        keys.LANGUAGE + "1",
        keys.ORPHANS,
        keys.DAY_USERS + "2024-12-31",
        keys.USER_PHOTOS + "user",
        keys.BLOCKED,
        keys.TOLD + "user",
        keys.API_UPLOAD + "1",
    ):
        with pytest.raises(NoPermissionError):
            client.type(key)


def test_without_a_password(servers: Servers) -> None:
    """Without a password Redis answers only PING, for its health check, and no default user."""
    with redis.Redis.from_url(servers.redis.url) as client:
        assert client.ping()
        for command in ("GET attrai:tickets", "INFO", "ACL WHOAMI", "TIME", "EVALSHA 0 0"):
            with pytest.raises(NoPermissionError):
                client.execute_command(*command.split())
    with (
        redis.Redis(HOST, servers.redis.port, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


@pytest.mark.timeout(600)
def test_other_passwords(servers: Servers) -> None:
    """A second generation is valid beside the first, which is not valid once it is dropped."""
    servers.secrets.make("2")
    servers.mount("1", "2")
    servers.rabbit.restart()
    servers.redis.restart()
    try:
        assert servers.rabbit.users() == {f"{role}-{n}" for role in USERS for n in (1, 2)}
        for role in USERS:
            for generation in ("1", "2"):
                assert servers.rabbit.accepts(role, generation)
                assert servers.redis.accepts(role, generation)
        servers.mount("2")
        servers.redis.restart()
        assert [servers.redis.accepts("bot", generation) for generation in "12"] == [False, True]
        servers.secrets.run_in(servers.rabbit)
        servers.secrets.run("--only", "2")
        assert servers.rabbit.users() == {f"{role}-2" for role in USERS}
        assert [servers.rabbit.accepts("bot", generation) for generation in "12"] == [False, True]
    finally:
        servers.mount("1")
        servers.rabbit.restart()
        servers.redis.restart()
