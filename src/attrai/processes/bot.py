"""The bot process: gets updates, admits photos, and keeps people informed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self

import structlog
from redis import Redis, RedisError

from attrai.actors.intake import Intake
from attrai.bot.access import Access
from attrai.bot.admin import AdminCommands
from attrai.bot.answer_buttons import AnswerButtons
from attrai.bot.buttons import Buttons
from attrai.bot.cancelling import Cancelling
from attrai.bot.captions import AlbumCaptions
from attrai.bot.handling import HandledUpdates
from attrai.bot.language import PREFIX as LANGUAGE
from attrai.bot.language import Languages
from attrai.bot.menu import menus_offer
from attrai.bot.permission import Permission
from attrai.bot.poller import Poller
from attrai.bot.profile import describe, warn_of_privacy_mode
from attrai.bot.progress import ProgressMessages
from attrai.bot.replicas import Replica
from attrai.bot.requests import RequestHandler
from attrai.bot.sender import BackgroundSender
from attrai.bot.updates import ButtonRequest, Request, UpdateParser
from attrai.errors import SettingsError
from attrai.lifecycle.shutdown import Shutdown
from attrai.logs import LogHandler
from attrai.monitoring.queues import Queues, RabbitQueues
from attrai.processes.heartbeat import DroppedRecords, LoopHeartbeat
from attrai.processes.startup import await_servers
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from attrai.telegram import TokenRefused, open_pseudonyms, open_seal, open_telegram

if TYPE_CHECKING:
    from attrai.bot.webhook import Webhook

log = structlog.get_logger(__name__)

#: How long a message of the bot itself waits for a slot in the rate limits of its chat.
_MAX_WAIT_SECONDS = 1.5
#: Seconds between updates of the progress messages.
_UPDATE_SECONDS = 0.5
#: How many seconds the bot waits, as it ends, until its last messages are sent.
_FLUSH_SECONDS = 60
#: How often it is tried to set what Telegram shows of the bot.
_MAX_ATTEMPTS = 5


def run(
    settings: Settings,
    shutdown: Shutdown,
    on_ready: Callable[[str], None],
    log_handler: LogHandler,
) -> None:
    """Run the bot until the shutdown, with the stages in other processes.

    Args:
        settings: where the servers are, and the limits.
        shutdown: ends the bot once its last messages are sent.
        on_ready: called with the bot's username once it gets updates.
        log_handler: counts the log records that were dropped.

    Raises:
        SettingsError: there is no token, or Telegram refuses it.
        CannotStart: a server refuses the connection for good.
    """
    open_seal(settings)  # reports a missing token before any server is waited for
    await_servers(settings)
    redis = open_redis(settings)
    ledger = make_ledger(redis, settings)
    intake = Intake(make_broker(settings, []), ledger)
    queues = RabbitQueues(settings.broker_url.get_secret_value())
    dropped = DroppedRecords(ledger, log_handler)
    with Bot(settings, shutdown, redis, intake, queues, dropped) as bot:
        shutdown.set_grace_period(lambda: bot.owes)
        bot.run(on_ready)


class Bot:
    """All parts of the bot. While its context is open, progress messages are kept up to date."""

    def __init__(
        self,
        settings: Settings,
        shutdown: Shutdown,
        redis: Redis,
        intake: Intake,
        queues: Queues,
        dropped: DroppedRecords,
    ) -> None:
        self._max_side = settings.max_photo_side
        self._telegram = open_telegram(settings, redis, _MAX_WAIT_SECONDS)
        self._sender = BackgroundSender()
        pseudonyms = open_pseudonyms(settings)
        self._captions = AlbumCaptions(redis, pseudonyms, open_seal(settings))
        # Telegram allows one bot to poll, but sends updates to as many as share a webhook.
        self._replica = Replica(redis, pseudonyms) if settings.webhook_url else None
        self._progress = ProgressMessages(
            redis, open_seal(settings), self._telegram, intake.ledger, self._sender, self._replica
        )
        self._requests = RequestHandler(
            settings, self._telegram, intake, self._progress, self._sender
        )
        self._admin = AdminCommands(
            settings, redis, intake.ledger, queues, self._telegram, self._sender
        )
        self._buttons = Buttons(self._telegram, self._sender)
        self._languages = Languages(redis, open_pseudonyms(settings), self._telegram, self._sender)
        self._buttons.register(LANGUAGE, self._languages.press)
        self._access = Access(settings, redis, self._telegram, self._buttons, self._sender)
        permission = Permission(settings, self._telegram)
        AnswerButtons(settings, self._telegram, intake, permission).register(self._buttons)
        Cancelling(intake.ledger, self._progress, permission).register(self._buttons)
        self._heartbeat = LoopHeartbeat()
        self._updates = self._open_updates(settings, shutdown, redis)
        self._ended = threading.Event()
        self._updating = threading.Thread(
            target=_keep_updated, args=(self._progress, dropped, self._ended)
        )

    def _open_updates(
        self, settings: Settings, shutdown: Shutdown, redis: Redis
    ) -> Poller | Webhook:
        if settings.webhook_url is None:
            return Poller(self._telegram, shutdown, on_heartbeat=self._heartbeat.touch)
        from attrai.bot.webhook import Webhook  # noqa: PLC0415 - an extra

        handled = HandledUpdates(redis, open_pseudonyms(settings))
        return Webhook(
            settings, self._telegram, shutdown, handled, on_heartbeat=self._heartbeat.touch
        )

    @property
    def owes(self) -> bool:
        """Whether a message is still to be sent, or an update still to be confirmed to Telegram."""
        return self._updates.unconfirmed or self._sender.pending

    @property
    def has_progress_messages(self) -> bool:
        """Whether there are progress messages, which the next bot would have to delete."""
        return self._progress.pending

    def run(self, on_ready: Callable[[str], None]) -> None:
        """Get updates, by polling or a webhook, until the shutdown.

        Raises:
            SettingsError: Telegram does not take the token, or no longer, or not the webhook.
            CannotStart: the webhook's port is not available.
        """
        try:
            me = self._updates.wait_for_account()
            if me is None:
                return
            warn_of_privacy_mode(me)
            self._introduce()
            on_ready(str(me.username))
            parser = UpdateParser(me, self._max_side, self._captions)
            self._updates.run(parser, self._receive, self._flush)
        except TokenRefused:
            raise SettingsError(
                "ATTRAI_TELEGRAM_TOKEN: Telegram does not take this token"
            ) from None

    def _receive(self, request: Request) -> None:
        with self._buttons.answer_in_outages(request):
            self._handle(request)

    def _handle(self, request: Request) -> None:
        request = self._languages.apply(request)
        if not self._access.admits(request):
            return
        if isinstance(request, ButtonRequest):
            self._buttons.receive(request)
        elif not self._languages.receive(request) and not self._admin.receive(request):
            self._requests.receive(request)

    def _flush(self, seconds: float) -> None:
        self._progress.send_new()
        self._sender.attempt_all(seconds)

    def _introduce(self) -> None:
        """Set what Telegram shows of the bot, in the background: its commands and descriptions."""
        for send in (menus_offer(self._telegram), partial(describe, self._telegram)):
            self._sender.post(send, max_attempts=_MAX_ATTEMPTS, awaited=False)

    def __enter__(self) -> Self:
        self._updating.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._updating.join()
        self._sender.flush(_FLUSH_SECONDS)
        self._sender.close()
        if self._replica:
            with suppress(RedisError):  # it is soon taken for gone anyway
                self._replica.leave()
        self._heartbeat.remove()


def _keep_updated(
    progress: ProgressMessages, dropped: DroppedRecords, ended: threading.Event
) -> None:
    last = False
    while not last:
        last = ended.wait(_UPDATE_SECONDS)
        try:
            progress.look()
            dropped.note()
        except RedisError as error:
            log.warning("progress messages not updated", reason=type(error).__name__)
        except Exception:
            log.exception("progress messages not updated")
