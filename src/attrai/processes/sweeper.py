"""The sweeper: fails overdue jobs, and deletes files that belong to no job."""

from __future__ import annotations

from collections.abc import Callable

import dramatiq
import structlog

from attrai.actors.stage import publish
from attrai.ledger import Ledger
from attrai.lifecycle.shutdown import Shutdown
from attrai.logs import LogHandler
from attrai.monitoring.exporter import open_state_metrics
from attrai.outages import OUTAGES
from attrai.processes.heartbeat import DroppedRecords, LoopHeartbeat
from attrai.processes.startup import await_servers
from attrai.services import Services, make_broker, open_services
from attrai.settings import Settings
from attrai.storage import PhotoStore

log = structlog.get_logger(__name__)

#: Files whose job is not in the ledger are looked at once they are this many seconds old.
ORPHAN_MIN_SECONDS = 120
#: Seconds between rounds.
_INTERVAL_SECONDS = 5


def sweep(broker: dramatiq.Broker, ledger: Ledger, photos: PhotoStore) -> tuple[int, int]:
    """Sweep once. Any number of sweepers may run at the same time.

    Returns:
        The number of jobs that failed as overdue, and of jobs whose files were deleted.
    """
    overdue = ledger.claim_overdue()
    unpublished = overdue[::-1]
    try:
        while unpublished:
            log.warning("overdue", job=unpublished[-1].id)
            publish(broker, "deliver", unpublished[-1])
            unpublished.pop()
    finally:
        if unpublished:
            ledger.unclaim(unpublished)
    orphans = ledger.orphans(list(photos.job_ids(ORPHAN_MIN_SECONDS)))
    for job_id in orphans:
        log.info("files deleted", job=job_id)
        photos.delete_job(job_id)
    return len(overdue), len(orphans)


def keep_sweeping(
    broker: dramatiq.Broker,
    ledger: Ledger,
    photos: PhotoStore,
    shutdown: Shutdown,
    on_heartbeat: Callable[[], None] = lambda: None,
) -> None:
    """Sweep until the shutdown. A round that fails is logged, and the next one tries again.

    Args:
        broker: to publish overdue jobs on.
        ledger: knows which jobs are overdue.
        photos: the photo store to clean up.
        shutdown: ends the loop after the current round.
        on_heartbeat: called before each round.
    """
    while not shutdown.requested:
        on_heartbeat()
        try:
            sweep(broker, ledger, photos)
        except OUTAGES as error:
            log.warning("sweep interrupted by an outage", reason=type(error).__name__)
        except OSError:
            log.exception("sweep failed")
        shutdown.wait(_INTERVAL_SECONDS)


def run(settings: Settings, shutdown: Shutdown, log_handler: LogHandler) -> None:
    """Run the sweeper until the shutdown, with its heartbeat and its metrics.

    Args:
        settings: where the servers and the photos are.
        shutdown: ends the sweeper.
        log_handler: counts the log records that were dropped.

    Raises:
        CannotStart: a server refuses the connection for good, or the photo store can't be used.
    """
    open_state_metrics(settings)  # first, because it shows which server is not up yet
    broker, services = _open(settings)
    # A round may be interrupted anywhere; the next one finishes the work.
    shutdown.set_grace_period()
    heartbeat, dropped = LoopHeartbeat(), DroppedRecords(services.ledger, log_handler)

    def on_heartbeat() -> None:
        heartbeat.touch()
        dropped.note()

    try:
        keep_sweeping(broker, services.ledger, services.photos, shutdown, on_heartbeat)
    finally:
        heartbeat.remove()


def run_once(settings: Settings) -> tuple[int, int]:
    """Sweep once, and return what `sweep` returns.

    Raises:
        CannotStart: a server refuses the connection for good, or the photo store can't be used.
    """
    broker, services = _open(settings)
    return sweep(broker, services.ledger, services.photos)


def _open(settings: Settings) -> tuple[dramatiq.Broker, Services]:
    await_servers(settings)
    return make_broker(settings, []), open_services(settings, {})
