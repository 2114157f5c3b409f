"""The sweeper: answers for jobs whose time is over, deletes what belongs to no job."""

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

#: Files this old, in seconds, whose job is not in the ledger belong to nobody.
ORPHAN_MIN_SECONDS = 120
#: Seconds between rounds.
_PAUSE = 5


def sweep(broker: dramatiq.Broker, ledger: Ledger, photos: PhotoStore) -> tuple[int, int]:
    """One round; may run anywhere and any number of times at once.

    Returns:
        How many jobs were sent to their apology, and of how many the files were deleted.
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
    """Sweep until the shutdown; what fails in a round is tried again in the next.

    Args:
        broker: where apologies are published.
        ledger: knows which jobs are overdue.
        photos: where files may have been left.
        shutdown: ends it after the round.
        on_heartbeat: called before each round.
    """
    while not shutdown.requested:
        on_heartbeat()
        try:
            sweep(broker, ledger, photos)
        except (dramatiq.errors.BrokerConnectionError, redis.RedisError, OSError):
            log.exception("sweep failed")
        shutdown.wait(_PAUSE)
