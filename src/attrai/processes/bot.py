"""The bot as a process of its own; the stages are others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Self

import structlog
from redis import Redis, RedisError

from attrai.actors.intake import Intake
from attrai.bot.admin import AdminCommands
from attrai.bot.poller import Poller
from attrai.bot.progress import ProgressMessages
from attrai.bot.requests import RequestHandler
from attrai.bot.sender import BackgroundSender
from attrai.bot.updates import Request, UpdateParser
from attrai.errors import SettingsError
from attrai.health import Heartbeat
from attrai.lifecycle.shutdown import Shutdown
from attrai.locales import DEFAULT_LOCALE, locales, text
from attrai.logs import LogHandler
from attrai.monitoring.queues import Queues, RabbitQueues
from attrai.processes.heartbeat import DroppedRecords
from attrai.processes.startup import await_servers
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from attrai.telegram import TokenRefused, open_telegram

log = structlog.get_logger(__name__)

#: Commands in the menu; /start needs no entry.
_COMMANDS = ("help", "styles", "rate", "privacy")
#: Seconds that what the bot itself says may wait for the limits of a chat.
_PATIENCE = 1.5
#: Seconds between looks at the progress.
_LOOK_SECONDS = 0.5
#: Seconds that what the bot itself says has at its end.
_FLUSH_SECONDS = 60
#: How often the menu of commands is offered to Telegram.
_MAX_ATTEMPTS = 5


def run(
    settings: Settings,
    shutdown: Shutdown,
    on_ready: Callable[[str], None],
    log_handler: LogHandler,
) -> None:
    """Run the bot until the shutdown; the stages are other processes.

    Args:
        settings: say where the servers are.
        shutdown: ends it once what people were told is sent.
        on_ready: called with the bot's name once it listens.
        log_handler: knows which records are dropped.

    Raises:
        SettingsError: there is no token, or Telegram refuses it.
        CannotStart: a server refuses us.
    """
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
    """All parts of the bot; inside its block progress are looked after."""

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
        self._telegram = open_telegram(settings, redis, _PATIENCE)
        self._sender = BackgroundSender()
        self._progress = ProgressMessages(redis, self._telegram, intake.ledger, self._sender)
        self._requests = RequestHandler(
            settings, self._telegram, intake, self._progress, self._sender
        )
        self._admin = AdminCommands(
            settings, redis, intake.ledger, queues, self._telegram, self._sender
        )
        self._heartbeat = Heartbeat()
        self._poller = Poller(self._telegram, shutdown, on_heartbeat=self._heartbeat.touch)
        self._ended = threading.Event()
        self._looking = threading.Thread(target=_look, args=(self._progress, dropped, self._ended))

    @property
    def owes(self) -> bool:
        """Whether somebody waits for words of the bot, or Telegram to hear what was handled."""
        return self._poller.unconfirmed or self._sender.pending

    @property
    def has_progress_messages(self) -> bool:
        """Whether there are progress that the next bot would have to take back."""
        return self._progress.pending

    def run(self, on_ready: Callable[[str], None]) -> None:
        """Poll until the shutdown.

        Raises:
            SettingsError: Telegram no longer takes the token.
        """
        me = self._poller.wait_for_account()
        if me is None:
            return
        self._offer_commands()
        on_ready(str(me.username))
        try:
            self._poller.run(UpdateParser(me, self._max_side), self._receive, self._flush)
        except TokenRefused:
            raise SettingsError(
                "ATTRAI_TELEGRAM_TOKEN: Telegram no longer takes this token"
            ) from None

    def _receive(self, request: Request) -> None:
        if not self._admin.receive(request):
            self._requests.receive(request)

    def _flush(self, seconds: float) -> None:
        self._progress.send_new()
        self._sender.flush(seconds)

    def _offer_commands(self) -> None:
        for language in (None, *locales()):
            menu = {name: text(f"command-{name}", language or DEFAULT_LOCALE) for name in _COMMANDS}
            self._sender.post(
                partial(self._telegram.set_commands, menu, language),
                max_attempts=_MAX_ATTEMPTS,
                awaited=False,
            )

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._looking.join()
        self._sender.flush(_FLUSH_SECONDS)
        self._sender.close()
        self._heartbeat.remove()


def _look(progress: ProgressMessages, dropped: DroppedRecords, ended: threading.Event) -> None:
    last = False
    while not last:
        last = ended.wait(_LOOK_SECONDS)
        try:
            progress.look()
            dropped.note()
        except RedisError as error:
            log.warning("progress can't be looked at", reason=type(error).__name__)
        except Exception:
            log.exception("progress can't be looked at")
