"""What lies on the servers' disks while photos are processed and when they are answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from attrai.actors.intake import Intake
from attrai.bot.dispatcher import Dispatcher
from attrai.bot.progress import ProgressMessages
from attrai.bot.sender import BackgroundSender
from attrai.bot.services import BotServices
from attrai.bot.updates import UpdateParser
from attrai.monitoring.queues import RabbitQueues
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from attrai.telegram import open_pseudonyms, open_seal
from telegram_sandbox import Sandbox, running
from testing.servers.rabbit import RabbitServer
from testing.servers.redis import RedisServer
from testing.waiting import PATIENCE_S, wait_for
from tests.sandbox.conftest import picture
from tests.telegram.served import TOKEN, connect

#: The number of a person and of their private chat, which is in no file by chance.
PERSON = 7_654_321_987
ALBUM = "album-of-7654321987"

pytestmark = pytest.mark.servers


def on_disk(folder: Path, text: str) -> list[Path]:
    """Return the files below a folder that contain the text."""
    return [
        path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()
    ]


@pytest.fixture
def settings(redis_url: str, amqp_url: str) -> Iterator[Settings]:
    """Return the settings of a bot on a sandbox and real servers."""
    sandbox = Sandbox(TOKEN)
    with running(sandbox) as url:
        sandbox.user(PERSON).send_photo(picture(), album=ALBUM)
        yield Settings(
            telegram_token=TOKEN, telegram_api_url=url, redis_url=redis_url, broker_url=amqp_url
        )


def test_nothing_on_disk_names_anybody(
    settings: Settings, redis_server: RedisServer, rabbit_server: RabbitServer
) -> None:
    """Neither Redis nor RabbitMQ writes ids of chats, messages or files that could be read."""
    redis, sender = open_redis(settings), BackgroundSender()
    telegram = connect(settings.telegram_api_url)
    redis.hset("attrai:service", "detect", 30)  # long enough for a progress message
    broker = make_broker(settings, [])
    services = BotServices(
        settings,
        redis,
        Intake(broker, make_ledger(redis, settings)),
        telegram,
        open_pseudonyms(settings),
        open_seal(settings),
        sender,
    )
    progress = ProgressMessages(services)
    queues = RabbitQueues(settings.broker_url.get_secret_value())
    dispatcher = Dispatcher(services, progress, queues)
    try:
        (update,) = telegram.updates.get(0, 1)
        request = UpdateParser(telegram.me(), settings.max_photo_side, {}).parse(update)
        assert request is not None
        dispatcher.receive(request)
        progress.send_new()
        sender.flush(PATIENCE_S)
        wait_for(lambda: redis.hlen("attrai:notices") == 1, "no progress message")
    finally:
        sender.close()
        broker.close()
    (job,) = redis.zrange("attrai:jobs", 0, -1)
    rabbit_server.stop()  # writes to disk what it has in memory

    file_id = update["message"]["photo"][-1]["file_id"]
    for server in (redis_server, rabbit_server):
        assert on_disk(server.folder, job.decode()), "the job is not on disk"
        for secret in (str(PERSON), file_id, ALBUM, TOKEN):
            assert on_disk(server.folder, secret) == []
