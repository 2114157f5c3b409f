"""The bot and all stages in one process, no server needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from attrai.job import STAGES
from attrai.ledger import Ledger
from attrai.lifecycle.shutdown import Shutdown
from attrai.logs import LogHandler
from attrai.monitoring.queues import EmbeddedQueues
from attrai.processes import sweeper
from attrai.processes.bot import Bot
from attrai.processes.embedded import EmbeddedChain, embedded_chain, embedded_redis
from attrai.processes.heartbeat import DroppedRecords
from attrai.services import log_answer, make_ledger
from attrai.settings import Settings
from attrai.telegram import open_telegram
from attrai.telegram.channel import NAME, TelegramChannel

log = structlog.get_logger(__name__)

#: Seconds between looks at whether all is answered.
_LOOK_SECONDS = 0.5


def run_embedded(
    settings: Settings,
    shutdown: Shutdown,
    on_ready: Callable[[str], None],
    log_handler: LogHandler,
    *,
    threads: int,
) -> None:
    """Run the bot and all stages in this process, on `threads` threads, until the shutdown.

    What was taken is answered before it ends; a crash loses it.

    Raises:
        SettingsError: there is no token, or Telegram refuses it.
    """
    redis = embedded_redis()
    ledger = make_ledger(redis, settings)
    channels = {NAME: TelegramChannel(open_telegram(settings, redis))}

    with (
        embedded_chain(settings, ledger, channels, log_answer, threads=threads) as chain,
        _sweeping(chain, ledger),
    ):
        dropped = DroppedRecords(ledger, log_handler)
        queues = EmbeddedQueues(chain.broker.queues)
        with Bot(settings, shutdown, redis, chain.intake, queues, dropped) as bot:
            # The next bot will know nothing of what is in this one's memory.
            shutdown.set_grace_period(
                lambda: bot.owes or bot.has_progress_messages or ledger.in_flight() > 0
            )
            bot.run(on_ready)
            _finish(ledger)


@contextmanager
def _sweeping(chain: EmbeddedChain, ledger: Ledger) -> Iterator[None]:
    """Sweep in a thread until all is answered, which a shutdown of the process waits for."""

    def note_alive() -> None:
        for stage in STAGES:
            ledger.heartbeat(stage, "embedded")

    answered = Shutdown()
    thread = threading.Thread(
        target=sweeper.run, args=(chain.broker, ledger, chain.photos, answered, note_alive)
    )
    thread.start()
    try:
        yield
    finally:
        answered.request()
        thread.join()


def _finish(ledger: Ledger) -> None:
    """Wait until all photos are answered."""
    if photos := ledger.in_flight():
        log.warning("answering what was taken; another signal drops it", photos=photos)
    while ledger.in_flight():
        time.sleep(_LOOK_SECONDS)
