"""The bot as a process of its own; the stages are others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Self

import structlog
from redis import Redis, RedisError

from attrai.actors.intake import Intake
from attrai.bot.admin import Office
from attrai.bot.poller import Poller
from attrai.bot.progress import Notices
from attrai.bot.requests import Reception
from attrai.bot.sender import Outbox
from attrai.bot.updates import Reader, Request
from attrai.errors import SettingsError
from attrai.health import Pulse
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
#: Seconds between looks at the notices.
_LOOK_SECONDS = 0.5
#: Seconds that what the bot itself says has at its end.
_SETTLE_SECONDS = 60
#: How often the menu of commands is offered to Telegram.
_TRIES = 5


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
        shutdown.be_graceful(lambda: bot.owes)
        bot.run(on_ready)


class Bot:
    """All parts of the bot; inside its block notices are looked after."""

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
        self._outbox = Outbox()
        self._notices = Notices(redis, self._telegram, intake.ledger, self._outbox)
        self._reception = Reception(settings, self._telegram, intake, self._notices, self._outbox)
        self._office = Office(settings, redis, intake.ledger, queues, self._telegram, self._outbox)
        self._pulse = Pulse()
        self._poller = Poller(self._telegram, shutdown, on_turn=self._pulse.beat)
        self._ended = threading.Event()
        self._looking = threading.Thread(target=_look, args=(self._notices, dropped, self._ended))

    @property
    def owes(self) -> bool:
        """Whether somebody waits for words of the bot, or Telegram to hear what was handled."""
        return self._poller.unconfirmed or self._outbox.pending

    @property
    def has_notices(self) -> bool:
        """Whether there are notices that the next bot would have to take back."""
        return self._notices.standing

    def run(self, on_ready: Callable[[str], None]) -> None:
        """Poll until the shutdown.

        Raises:
            SettingsError: Telegram no longer takes the token.
        """
        me = self._poller.await_me()
        if me is None:
            return
        self._offer_commands()
        on_ready(str(me.username))
        try:
            self._poller.run(Reader(me, self._max_side), self._receive, self._settle)
        except TokenRefused:
            raise SettingsError(
                "ATTRAI_TELEGRAM_TOKEN: Telegram no longer takes this token"
            ) from None

    def _receive(self, request: Request) -> None:
        if not self._office.receive(request):
            self._reception.receive(request)

    def _settle(self, seconds: float) -> None:
        self._notices.send_new()
        self._outbox.settle(seconds)

    def _offer_commands(self) -> None:
        for language in (None, *locales()):
            menu = {name: text(f"command-{name}", language or DEFAULT_LOCALE) for name in _COMMANDS}
            self._outbox.post(
                partial(self._telegram.set_commands, menu, language), tries=_TRIES, awaited=False
            )

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._looking.join()
        self._outbox.settle(_SETTLE_SECONDS)
        self._outbox.close()
        self._pulse.stop()


def _look(notices: Notices, dropped: DroppedRecords, ended: threading.Event) -> None:
    last = False
    while not last:
        last = ended.wait(_LOOK_SECONDS)
        try:
            notices.look()
            dropped.note()
        except RedisError as error:
            log.warning("notices can't be looked at", reason=type(error).__name__)
        except Exception:
            log.exception("notices can't be looked at")
