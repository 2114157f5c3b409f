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
from attrai.bot.captions import AlbumCaptions
from attrai.bot.dispatcher import Dispatcher
from attrai.bot.handling import HandledUpdates
from attrai.bot.menu import make_menu_setter
from attrai.bot.poller import Poller
from attrai.bot.profile import describe, warn_of_privacy_mode
from attrai.bot.progress import ProgressMessages
from attrai.bot.replicas import Replica
from attrai.bot.sender import BackgroundSender
from attrai.bot.services import BotServices
from attrai.bot.updates import UpdateParser
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
        pseudonyms, seal = open_pseudonyms(settings), open_seal(settings)
        services = BotServices(
            settings, redis, intake, self._telegram, pseudonyms, seal, self._sender
        )
        self._captions = AlbumCaptions(redis, pseudonyms, seal)
        # Telegram allows one bot to poll, but sends updates to as many as share a webhook.
        self._replica = Replica(redis, pseudonyms) if settings.webhook_url else None
        self._progress = ProgressMessages(services, self._replica)
        self._dispatcher = Dispatcher(services, self._progress, queues)
        self._heartbeat = LoopHeartbeat()
        self._updates = self._open_updates(services, shutdown)
        self._ended = threading.Event()
        self._updating = threading.Thread(
            target=_keep_updated, args=(self._progress, dropped, self._ended)
        )

    def _open_updates(self, services: BotServices, shutdown: Shutdown) -> Poller | Webhook:
        if services.settings.webhook_url is None:
            return Poller(services.telegram, shutdown, on_heartbeat=self._heartbeat.touch)
        from attrai.bot.webhook import Webhook  # noqa: PLC0415 - an extra

        handled = HandledUpdates(services.redis, services.pseudonyms)
        return Webhook(
            services.settings,
            services.telegram,
            shutdown,
            handled,
            on_heartbeat=self._heartbeat.touch,
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
            self._updates.run(parser, self._dispatcher.receive, self._flush)
        except TokenRefused:
            raise SettingsError(
                "ATTRAI_TELEGRAM_TOKEN: Telegram does not take this token"
            ) from None

    def _flush(self, seconds: float) -> None:
        self._progress.send_new()
        self._sender.attempt_all(seconds)

    def _introduce(self) -> None:
        """Set what Telegram shows of the bot, in the background: its commands and descriptions."""
        for send in (make_menu_setter(self._telegram), partial(describe, self._telegram)):
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
            progress.refresh()
            dropped.note()
        except RedisError as error:
            log.warning("progress messages not updated", reason=type(error).__name__)
        except Exception:
            log.exception("progress messages not updated")
