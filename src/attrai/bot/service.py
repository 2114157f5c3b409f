"""The bot as a process of its own; the stages are others."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import structlog
from redis import Redis, RedisError

from attrai import broker
from attrai.bot.notices import Notices
from attrai.bot.outbox import Outbox
from attrai.bot.poller import Poller
from attrai.bot.reception import Reception
from attrai.bot.updates import Reader
from attrai.errors import SettingsError
from attrai.health import Pulse
from attrai.intake import Intake
from attrai.servers import await_servers
from attrai.services import open_redis
from attrai.settings import Settings
from attrai.telegram import Telegram, TokenRefused, open_telegram
from attrai.texts import DEFAULT_LOCALE, locales, text

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


def run(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Runs the bot until a signal; the stages are other processes.

    Args:
        settings: say where the servers are.
        on_ready: called with the bot's name once it listens.

    Raises:
        SettingsError: there is no token, or Telegram refuses it.
        CannotStart: a server refuses us.
    """
    await_servers(settings)
    redis = open_redis(settings)
    ledger = broker.make_ledger(redis, settings)
    intake = Intake(broker.make_broker(settings, []), ledger)
    with bot(settings, redis, intake) as poll:
        poll(on_ready)


@contextmanager
def bot(
    settings: Settings, redis: Redis, intake: Intake
) -> Iterator[Callable[[Callable[[str], None]], None]]:
    """What polls until a signal, given what to call once it listens.

    Until the end of the block notices are looked after.
    """
    telegram = open_telegram(settings, redis, _PATIENCE)
    outbox = Outbox()
    notices = Notices(redis, telegram, intake.ledger, outbox)
    reception = Reception(settings, telegram, intake, notices, outbox)
    pulse = Pulse()
    poller = Poller(telegram, on_turn=pulse.beat)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: poller.stop())

    def settle(seconds: float) -> None:
        notices.send_new()
        outbox.settle(seconds)

    def poll(on_ready: Callable[[str], None]) -> None:
        me = poller.await_me()
        if me is None:
            return
        _offer_commands(telegram, outbox)
        on_ready(str(me.username))
        poller.run(Reader(me, settings.max_photo_side), reception.receive, settle)

    ended = threading.Event()
    looking = threading.Thread(target=_look, args=(notices, ended))
    looking.start()
    try:
        yield poll
    except TokenRefused:
        raise SettingsError("ATTRAI_TELEGRAM_TOKEN: Telegram no longer takes this token") from None
    finally:
        ended.set()
        looking.join()
        outbox.settle(_SETTLE_SECONDS)
        outbox.close()
        pulse.stop()


def _look(notices: Notices, ended: threading.Event) -> None:
    last = False
    while not last:
        last = ended.wait(_LOOK_SECONDS)
        try:
            notices.look()
        except RedisError as error:
            log.warning("notices can't be looked at", reason=type(error).__name__)
        except Exception:
            log.exception("notices can't be looked at")


def _offer_commands(telegram: Telegram, outbox: Outbox) -> None:
    for language in (None, *locales()):
        menu = {name: text(f"command-{name}", language or DEFAULT_LOCALE) for name in _COMMANDS}
        outbox.post(partial(telegram.set_commands, menu, language), tries=_TRIES)
