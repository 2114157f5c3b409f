"""The bot and all stages in one process, no server needed."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable

import structlog

from attrai import broker, sweeper
from attrai.bot.service import Bot
from attrai.channels.telegram import NAME, TelegramChannel
from attrai.contract import STAGES
from attrai.dropped import DroppedRecords
from attrai.embedded import embedded_chain, embedded_redis
from attrai.ledger import Ledger
from attrai.logs import LogHandler
from attrai.overview.queues import EmbeddedQueues
from attrai.settings import Settings
from attrai.telegram import open_telegram

log = structlog.get_logger(__name__)

#: Seconds between looks at whether all is answered.
_LOOK_SECONDS = 0.5


def run_embedded(
    settings: Settings,
    on_ready: Callable[[str], None],
    log_handler: LogHandler,
    *,
    threads: int,
) -> None:
    """Runs the bot and all stages in this process, on so many threads, until a signal.

    What was taken is answered before it ends; a crash loses it.

    Raises:
        SettingsError: there is no token, or Telegram refuses it.
    """
    redis = embedded_redis()
    ledger = broker.make_ledger(redis, settings)
    channels = {NAME: TelegramChannel(open_telegram(settings, redis))}

    def live() -> None:
        for stage in STAGES:
            ledger.beat(stage, "embedded")

    with embedded_chain(settings, ledger, channels, broker.log_answer, threads=threads) as chain:
        sweeping = threading.Thread(
            target=sweeper.run, args=(chain.broker, ledger, chain.photos, live), daemon=True
        )
        sweeping.start()
        dropped = DroppedRecords(ledger, log_handler)
        queues = EmbeddedQueues(chain.broker.queues)
        with Bot(settings, redis, chain.intake, queues, dropped) as bot:
            bot.run(on_ready)
            _finish(ledger)


def _finish(ledger: Ledger) -> None:
    """Waits until all photos are answered; another signal ends the process at once."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    if photos := ledger.in_flight():
        log.warning("answering what was taken; another signal drops it", photos=photos)
    while ledger.in_flight():
        time.sleep(_LOOK_SECONDS)
