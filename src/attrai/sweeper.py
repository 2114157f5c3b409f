"""The sweeper: answers for jobs whose time is over, deletes what belongs to no job."""

from __future__ import annotations

import dramatiq
import structlog

from attrai.actors.stage import publish
from attrai.contract import Failure
from attrai.ledger import Ledger
from attrai.photos import PhotoStore

log = structlog.get_logger(__name__)

#: Why an overdue job failed, as far as its user is concerned.
TIMED_OUT = Failure(code="timed-out")
#: Files this old, in seconds, whose job is not in the ledger belong to nobody.
ORPHAN_SECONDS = 120


def sweep(broker: dramatiq.Broker, ledger: Ledger, photos: PhotoStore) -> tuple[int, int]:
    """One round; may run anywhere and any number of times at once.

    Returns:
        How many jobs were sent to their apology, and of how many the files were deleted.
    """
    overdue = ledger.take_overdue()
    for job in overdue:
        log.warning("overdue", job=job.id)
        publish(broker, "deliver", job.with_(failure=TIMED_OUT))
    orphans = [job for job in photos.job_ids(ORPHAN_SECONDS) if not ledger.holds(job)]
    for job_id in orphans:
        log.warning("orphaned files", job=job_id)
        photos.delete_job(job_id)
    return len(overdue), len(orphans)
