"""The numbers that don't depend on settings, for Python and for the ledger's scripts."""

from __future__ import annotations

#: A worker without a heartbeat for this many seconds counts as dead.
WORKER_TTL_SECONDS = 15
#: Seconds before another worker may deliver an answer, after a worker died while delivering it.
DELIVERY_LOCK_SECONDS = 30
#: The same for an album, in seconds: longer than a stage may take, since the messages of its other
#: photos wait for that.
ALBUM_LOCK_SECONDS = 70
#: Seconds after an album's last photo in which another one may come. Telegram sends each in an
#: update of its own and never says how many there are.
ALBUM_QUIET_SECONDS = 1
#: How long an album waits for a photo that takes longer than was estimated: a multiple of the
#: estimate when it came, and at least so many seconds after each photo that is ready.
ALBUM_PATIENCE_FACTOR, ALBUM_PATIENCE_MIN_SECONDS = 2, 15
#: Seconds for which it is remembered how many photos an answered album had.
ALBUM_MEMORY_SECONDS = 600
#: Bounds of how long the sweeper waits, after a worker failed to answer an overdue job, before it
#: publishes the job again: as long as the job is overdue, in seconds.
SWEEP_RETRY_MIN_SECONDS, SWEEP_RETRY_MAX_SECONDS = 60, 900
#: Maximum number of overdue jobs that wait for a worker at a time. More are published as these are
#: taken, so that fresh answers never queue behind many apologies.
MAX_SWEPT = 50
#: Seconds after which the message of an overdue job counts as lost if no worker has taken it.
SWEPT_LOST_SECONDS = 1800
#: Seconds by which files outlast the lifetime of a job that the ledger doesn't know.
ORPHAN_MARGIN_SECONDS = 600
#: Seconds for which an answered job is remembered: longer than a channel may repeat its request,
#: which Telegram does for 24 hours.
ANSWERED_TTL_SECONDS = 26 * 3600
#: Maximum number of one user's refusals in flight; any more are ignored.
MAX_REFUSED = 20
#: Seconds for which an admitted photo counts towards its user's daily quota.
QUOTA_SECONDS = 86400
#: Seconds for which daily counts are kept.
DAY_TTL_SECONDS = 400 * 86400
#: Seconds that are counted together in a slot, and seconds for which slots are kept. An operator
#: should see a change within 10 seconds.
SLOT_SECONDS, RECENT_SECONDS = 5, 300
#: Weight of the newest job in the moving average of a stage's service time.
EMA_WEIGHT = 0.05
#: Width of the bins in which scores are counted.
SCORE_BIN = 0.5
#: What scripts return for a job that the ledger doesn't know, and for one that another worker is
#: delivering.
UNKNOWN, BEING_DELIVERED = -2, -1
