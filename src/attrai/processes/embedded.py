"""All stages in one process on an in-memory broker, alone or together with the bot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import NamedTuple

import dramatiq
import fakeredis
import structlog
from dramatiq.brokers.stub import StubBroker

from attrai.actors.deliver import Deliver
from attrai.actors.detect import Detect
from attrai.actors.ingest import Ingest
from attrai.actors.intake import Intake
from attrai.actors.render import Render
from attrai.actors.score import ScoreFaces
from attrai.broker import middleware
from attrai.channels import Channel
from attrai.job import STAGES, Job
from attrai.ledger import Ledger
from attrai.lifecycle.shutdown import Shutdown
from attrai.logs import LogHandler
from attrai.monitoring.queues import EmbeddedQueues
from attrai.processes import sweeper
from attrai.processes.bot import Bot
from attrai.processes.heartbeat import DroppedRecords
from attrai.services import Services, log_answer, make_ledger, open_channels
from attrai.settings import Settings
from attrai.storage import PhotoStore, UnlinkedStore
from attrai.telegram import open_seal

log = structlog.get_logger(__name__)

#: Seconds between checks whether all photos are answered.
_CHECK_SECONDS = 0.5
#: Milliseconds between attempts: short, as within a process no server is waited for.
_MIN_BACKOFF_MS, _MAX_BACKOFF_MS = 50, 500


def embedded_redis() -> fakeredis.FakeRedis:
    """Return a new Redis in the memory of this process."""
    return fakeredis.FakeRedis(server=fakeredis.FakeServer())


class EmbeddedBroker(StubBroker):
    """A broker in memory, of which a worker holds as many delayed messages as there are."""

    def get_declared_queues(self) -> set[str]:
        """Return the names of the queues without those of delayed messages.

        dramatiq counts these among them, so that its worker would take no more than a few delayed
        messages at a time, and would leave others waiting that are due sooner.
        """
        return super().get_declared_queues() - self.delay_queues


class EmbeddedChain(NamedTuple):
    """The parts of running stages that others use."""

    broker: dramatiq.Broker
    photos: PhotoStore
    #: Admits jobs.
    intake: Intake


@contextmanager
def embedded_chain(
    settings: Settings,
    ledger: Ledger,
    channels: Mapping[str, Channel],
    on_answered: Callable[[Job], None],
    *,
    threads: int,
    photos: PhotoStore | None = None,
) -> Iterator[EmbeddedChain]:
    """Run the five stages on `threads` threads while the context is open.

    When it closes, jobs that are being processed finish their stage and the others are dropped. No
    file is left behind, not even by a kill.

    Args:
        settings: the operator's settings.
        ledger: admits the jobs.
        channels: by the name in a job's `channel`.
        on_answered: called with every job that was answered.
        threads: run the stages.
        photos: keeps the files of jobs; by default a new store that leaves none behind. It is
            closed by who opened it.
    """
    broker = EmbeddedBroker(
        middleware=middleware(min_backoff=_MIN_BACKOFF_MS, max_backoff=_MAX_BACKOFF_MS)
    )
    with ExitStack() as stack:
        photos = photos or stack.enter_context(closing(UnlinkedStore()))
        services = stack.enter_context(
            closing(Services(settings, photos, ledger, channels, on_answered, threads))
        )
        for stage in (Ingest, Detect, ScoreFaces, Render, Deliver):
            stage(services).declare(broker)
        broker.emit_after("process_boot")  # starts the clock of the time limit
        worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=100)
        worker.start()
        try:
            yield EmbeddedChain(broker, photos, Intake(broker, ledger))
        finally:
            worker.stop()
            broker.close()


def run_embedded(
    settings: Settings,
    shutdown: Shutdown,
    on_ready: Callable[[str], None],
    log_handler: LogHandler,
    *,
    threads: int,
) -> None:
    """Run the bot and all stages in this process, on `threads` threads, until the shutdown.

    Photos that were admitted are answered before it ends. A crash loses them.

    Raises:
        SettingsError: there is no token, or Telegram refuses it.
    """
    open_seal(settings)  # reports a missing token before anything is loaded
    redis = embedded_redis()
    ledger = make_ledger(redis, settings)
    with closing(UnlinkedStore()) as photos, ExitStack() as stack:
        channels = open_channels(settings, redis, photos)
        chain = stack.enter_context(
            embedded_chain(settings, ledger, channels, log_answer, threads=threads, photos=photos)
        )
        stack.enter_context(sweeping(chain, ledger))
        dropped = DroppedRecords(ledger, log_handler)
        queues = EmbeddedQueues(chain.broker.queues)
        with Bot(settings, shutdown, redis, chain.intake, queues, dropped) as bot:
            # All of this is in memory and would be lost.
            shutdown.set_grace_period(
                lambda: bot.owes or bot.has_progress_messages or ledger.in_flight() > 0
            )
            bot.run(on_ready)
            _finish(ledger)


@contextmanager
def sweeping(chain: EmbeddedChain, ledger: Ledger) -> Iterator[None]:
    """Sweep in a thread while the context is open."""

    def note_alive() -> None:
        for stage in STAGES:
            ledger.heartbeat(stage, "embedded")

    answered = Shutdown()
    thread = threading.Thread(
        target=sweeper.keep_sweeping,
        args=(chain.broker, ledger, chain.photos, answered, note_alive),
    )
    thread.start()
    try:
        yield
    finally:
        answered.request()
        thread.join()


def _finish(ledger: Ledger) -> None:
    """Wait until all admitted photos are answered."""
    if photos := ledger.in_flight():
        log.warning("answering what was taken; another signal drops it", photos=photos)
    while ledger.in_flight():
        time.sleep(_CHECK_SECONDS)
