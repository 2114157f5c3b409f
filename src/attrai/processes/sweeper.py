"""The sweeper: fails overdue jobs, and deletes files that belong to no job."""

from __future__ import annotations

from collections.abc import Callable

import dramatiq
import redis
import structlog

from attrai.actors.stage import publish
from attrai.ledger import Ledger
from attrai.lifecycle.shutdown import Shutdown
from attrai.storage import PhotoStore

log = structlog.get_logger(__name__)

#: Files whose job is not in the ledger are deleted once they are this many seconds old.
ORPHAN_MIN_SECONDS = 120
#: Seconds between rounds.
_INTERVAL_SECONDS = 5


def sweep(broker: dramatiq.Broker, ledger: Ledger, photos: PhotoStore) -> tuple[int, int]:
    """Sweep once. Any number of sweepers may run at the same time.

    Returns:
        The number of jobs that failed as overdue, and of jobs whose files were deleted.
    """
    overdue = ledger.claim_overdue()
    for job in overdue:
        log.warning("overdue", job=job.id)
        publish(broker, "deliver", job)
    orphans = [job for job in photos.job_ids(ORPHAN_MIN_SECONDS) if not ledger.holds(job)]
    for job_id in orphans:
        log.warning("orphaned files", job=job_id)
        photos.delete_job(job_id)
    return len(overdue), len(orphans)


def run(
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
        except (dramatiq.errors.BrokerConnectionError, redis.RedisError, OSError):
            log.exception("sweep failed")
        shutdown.wait(_INTERVAL_SECONDS)
