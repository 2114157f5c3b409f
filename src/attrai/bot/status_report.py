"""The status of the service as operators get it: a few lines, and charts of the last month."""

from __future__ import annotations

from datetime import date
from importlib.util import find_spec

from redis import Redis

from attrai.ledger import Ledger
from attrai.ledger.history import History, read_history
from attrai.locales import duration, text
from attrai.monitoring.bottleneck import bottleneck_hint
from attrai.monitoring.queues import Queues
from attrai.monitoring.snapshot import Snapshot, take

#: Number of days in the chart's time series; its distributions cover today only.
_DAYS = 30


class StatusReport:
    """Writer of reports on the service."""

    def __init__(self, redis: Redis, ledger: Ledger, queues: Queues) -> None:
        self._redis = redis
        self._ledger = ledger
        self._queues = queues

    def write(self, locale: str) -> tuple[str, bytes | None]:
        """Return a report as a text, and as a chart if matplotlib is installed."""
        today = date.fromisoformat(self._ledger.today())
        history = read_history(self._redis, _DAYS, today=today)
        words = report(take(self._redis, self._ledger, self._queues), history.today, locale)
        if find_spec("matplotlib") is None:
            return words, None
        from attrai.monitoring.charts import draw  # noqa: PLC0415 - optional, and slow to import

        return words, draw(history.today, history)


def report(snapshot: Snapshot, today: History, locale: str) -> str:
    """Return a text summary of the snapshot that is short enough for a photo caption."""
    lines = [
        text("admin-down", locale, part=fault.part, reason=fault.reason)
        for fault in snapshot.faults
    ]
    if snapshot.in_flight is not None and snapshot.eta is not None:
        wait = duration(snapshot.eta, locale)
        lines.append(text("admin", locale, photos=snapshot.in_flight, wait=wait))
    lines.append(text("admin-today", locale, requests=today.requests, users=today.users))
    lines += [
        text(
            "admin-stage",
            locale,
            stage=stage.name,
            waiting=_known(stage.waiting),
            workers=_known(stage.workers),
            per_minute=_known(stage.per_minute),
        )
        for stage in snapshot.stages
    ]
    lines.append(
        text(
            "admin-counts",
            locale,
            full=_known(snapshot.users_at_limit),
            dead=_known(snapshot.dead_letters),
            dropped=_known(snapshot.dropped_logs),
        )
    )
    return "\n".join([*lines, bottleneck_hint(snapshot, locale)]).rstrip()


def _known(value: float | None) -> float | str:
    return "?" if value is None else round(value)
