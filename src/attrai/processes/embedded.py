"""The whole chain in one process, no server needed: the same stages on an in-memory broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import NamedTuple

import dramatiq
import fakeredis
from dramatiq.brokers.stub import StubBroker

from attrai.actors.deliver import Deliver
from attrai.actors.detect import Detect
from attrai.actors.ingest import Ingest
from attrai.actors.intake import Intake
from attrai.actors.render import Render
from attrai.actors.score import ScoreFaces
from attrai.broker import middleware
from attrai.channels import Channel
from attrai.job import Job
from attrai.ledger import Ledger
from attrai.services import Services
from attrai.settings import Settings
from attrai.storage import PhotoStore, UnlinkedStore

#: Milliseconds between attempts. What fails in one process seldom heals by waiting long.
_MIN_BACKOFF, _MAX_BACKOFF = 50, 500


def embedded_redis() -> fakeredis.FakeRedis:
    """A Redis in this process that nobody else sees."""
    return fakeredis.FakeRedis(server=fakeredis.FakeServer())


class EmbeddedChain(NamedTuple):
    """What a running chain offers to its surroundings."""

    broker: dramatiq.Broker
    photos: PhotoStore
    #: Where jobs are submitted.
    intake: Intake


@contextmanager
def embedded_chain(
    settings: Settings,
    ledger: Ledger,
    channels: Mapping[str, Channel],
    on_answered: Callable[[Job], None],
    *,
    threads: int,
) -> Iterator[EmbeddedChain]:
    """Runs the five stages on `threads` threads until the block ends.

    At its end the work in hand is finished and what waits is dropped; no file is left, not even
    by a kill.
    """
    broker = StubBroker(middleware=middleware(min_backoff=_MIN_BACKOFF, max_backoff=_MAX_BACKOFF))
    with closing(UnlinkedStore()) as photos:
        services = Services(settings, photos, ledger, channels, on_answered, threads)
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
