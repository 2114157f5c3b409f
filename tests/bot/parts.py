"""The bot's parts without the polling loop, on a sandbox and queues that tests can inspect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import dramatiq
from dramatiq.brokers.stub import StubBroker
from redis import Redis

from attrai.actors.intake import Intake
from attrai.bot.access import Access
from attrai.bot.admin import AdminCommands
from attrai.bot.answer_buttons import AnswerButtons
from attrai.bot.buttons import Buttons
from attrai.bot.cancelling import Cancelling
from attrai.bot.language import PREFIX as LANGUAGE
from attrai.bot.language import Languages
from attrai.bot.permission import Permission
from attrai.bot.progress import ProgressMessages
from attrai.bot.replicas import Replica
from attrai.bot.requests import RequestHandler
from attrai.bot.sender import BackgroundSender
from attrai.bot.updates import ButtonRequest, Request, UpdateParser
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
    settings: Settings
    redis: Redis
    telegram: Telegram
    ledger: Ledger
    broker: StubBroker
    sender: BackgroundSender
    progress: ProgressMessages
    requests: RequestHandler
    parser: UpdateParser
    admin: AdminCommands
    buttons: Buttons
    languages: Languages
    access: Access

    def pending_requests(self) -> list[Request]:
        """Return the requests in the pending updates, without confirming them."""
        read = map(self.parser.parse, self.telegram.updates(0, 1))
        return [request for request in read if request is not None]

    def receive(self) -> None:
        """Handle and confirm the pending updates."""
        updates = self.telegram.updates(0, 1)
        for update in updates:
            request = self.parser.parse(update)
            if request is None:
                continue
            with self.buttons.answer_in_outages(request):
                request = self.languages.apply(request)
                if self.access.admits(request):
                    self.handle(request)
        self.sandbox.state.updates.confirm(updates[-1]["update_id"] + 1)
        self.flush()

    def handle(self, request: Request) -> None:
        """Have the part that a request is for handle it."""
        if isinstance(request, ButtonRequest):
            self.buttons.receive(request)
        elif not self.languages.receive(request) and not self.admin.receive(request):
            self.requests.receive(request)

    def flush(self) -> None:
        """Send the new progress messages, and wait until all messages are sent."""
        self.progress.send_new()
        self.sender.flush(PATIENCE_S)

    def look(self) -> None:
        """Check the progress messages, and wait until all messages are sent."""
        self.progress.look()
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
        intake = Intake(broker, ledger)
        replica = Replica(redis, open_pseudonyms(settings)) if settings.webhook_url else None
        progress = ProgressMessages(redis, open_seal(settings), telegram, ledger, sender, replica)
        requests = RequestHandler(settings, telegram, intake, progress, sender)
        queues = EmbeddedQueues(broker.queues)
        admin = AdminCommands(settings, redis, ledger, queues, telegram, sender)
        buttons = Buttons(telegram, sender)
        languages = Languages(redis, open_pseudonyms(settings), telegram, sender)
        buttons.register(LANGUAGE, languages.press)
        access = Access(settings, redis, telegram, buttons, sender)
        permission = Permission(settings, telegram)
        AnswerButtons(settings, telegram, intake, permission).register(buttons)
        Cancelling(ledger, progress, permission).register(buttons)
        parser = UpdateParser(telegram.me(), settings.max_photo_side, {})
        try:
            yield Parts(
                sandbox,
                settings,
                redis,
                telegram,
                ledger,
                broker,
                sender,
                progress,
                requests,
                parser,
                admin,
                buttons,
                languages,
                access,
            )
        finally:
            sender.close()
