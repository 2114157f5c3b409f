"""The bot's parts without the polling loop, on a sandbox and queues that tests can inspect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import dramatiq
from dramatiq.brokers.stub import StubBroker
from redis import Redis

from attrai.actors.intake import Intake
from attrai.bot.dispatcher import Dispatcher
from attrai.bot.progress import ProgressMessages
from attrai.bot.replicas import Replica
from attrai.bot.request_types import Request
from attrai.bot.sender import BackgroundSender
from attrai.bot.services import BotServices
from attrai.bot.updates import UpdateParser
from attrai.job import STAGES, Job
from attrai.ledger import Ledger
from attrai.monitoring.queues import EmbeddedQueues
from attrai.processes.embedded import embedded_redis
from attrai.services import make_ledger
from attrai.settings import Settings
from attrai.telegram import Telegram, open_pseudonyms, open_seal
from telegram_sandbox import Sandbox, running
from testing.waiting import PATIENCE_S
from tests.bot.conftest import ADMIN
from tests.telegram.served import TOKEN, connect

MAX_ACTIVE, MAX_PENDING = 2, 4


class Parts(NamedTuple):
    """The parts of one bot that does not poll."""

    sandbox: Sandbox
    services: BotServices
    broker: StubBroker
    progress: ProgressMessages
    dispatcher: Dispatcher
    parser: UpdateParser

    @property
    def settings(self) -> Settings:
        """The bot's settings."""
        return self.services.settings

    @property
    def redis(self) -> Redis:
        """The bot's Redis."""
        return self.services.redis

    @property
    def ledger(self) -> Ledger:
        """The ledger in that Redis."""
        return self.services.intake.ledger

    @property
    def telegram(self) -> Telegram:
        """The bot's client."""
        return self.services.telegram

    @property
    def sender(self) -> BackgroundSender:
        """The sender of the bot's messages."""
        return self.services.sender

    def pending_requests(self) -> list[Request]:
        """Return the requests in the pending updates, without confirming them."""
        read = map(self.parser.parse, self.telegram.updates.get(0, 1))
        return [request for request in read if request is not None]

    def receive(self) -> None:
        """Handle and confirm the pending updates."""
        updates = self.telegram.updates.get(0, 1)
        for update in updates:
            request = self.parser.parse(update)
            if request is not None:
                self.dispatcher.receive(request)
        self.sandbox.state.updates.confirm(updates[-1]["update_id"] + 1)
        self.flush()

    def flush(self) -> None:
        """Send the new progress messages, and wait until all messages are sent."""
        self.progress.send_new()
        self.sender.flush(PATIENCE_S)

    def refresh(self) -> None:
        """Check the progress messages, and wait until all messages are sent."""
        self.progress.refresh()
        self.sender.flush(PATIENCE_S)

    def forget(self) -> None:
        """Delete all jobs from Redis and the queues."""
        self.redis.flushall()
        self.broker.flush_all()

    def queued(self, stage: str) -> list[Job]:
        """Return the jobs in the queue of a stage."""
        messages = map(dramatiq.Message.decode, list(self.broker.queues[stage].queue))
        return [Job.from_message(message.args[0]) for message in messages]

    def said(self, chat: int = 1) -> list[str]:
        """Return the texts that the bot has sent to a chat."""
        return [
            str(message.text) for message in self.sandbox.messages(chat) if message.sender == "bot"
        ]


@contextmanager
def parts(
    redis: Redis | None = None, sandbox: Sandbox | None = None, **more: object
) -> Iterator[Parts]:
    """Create the parts of a bot, with `more` settings.

    Given the Redis and the sandbox of another bot, they are the parts of that bot after a restart,
    or with a webhook those of another replica.
    """
    sandbox, redis = sandbox or Sandbox(TOKEN), redis or embedded_redis()
    sender = BackgroundSender()
    with running(sandbox) as url:
        settings = Settings.model_validate(
            {
                "telegram_token": TOKEN,
                "telegram_api_url": url,
                "max_active": MAX_ACTIVE,
                "max_pending": MAX_PENDING,
                "admins": frozenset({ADMIN}),
                **more,
            }
        )
        telegram, ledger = connect(url, redis), make_ledger(redis, settings)
        ledger.today = lambda: "2026-03-02"  # no midnight comes during a test
        broker = StubBroker(middleware=[])
        for stage in STAGES:
            broker.declare_queue(stage)
        services = BotServices(
            settings,
            redis,
            Intake(broker, ledger),
            telegram,
            open_pseudonyms(settings),
            open_seal(settings),
            sender,
        )
        replica = Replica(redis, services.pseudonyms) if settings.webhook_url else None
        progress = ProgressMessages(services, replica)
        dispatcher = Dispatcher(services, progress, EmbeddedQueues(broker.queues))
        parser = UpdateParser(telegram.me(), settings.max_photo_side, {})
        try:
            yield Parts(sandbox, services, broker, progress, dispatcher, parser)
        finally:
            sender.close()
