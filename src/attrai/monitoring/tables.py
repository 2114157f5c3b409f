"""The history for programs, as CSV or JSON."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO
from typing import Any

from attrai.errors import OUTCOMES
from attrai.ledger.histogram import quantile
from attrai.ledger.history import Day, History


def as_csv(history: History) -> str:
    """Return the history as CSV: a header and a line for each day.

    Times are in seconds; a field is empty on days without any.
    """
    rows = [_row(day) for day in history.days]
    file = StringIO()
    writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def as_json(history: History) -> dict[str, Any]:
    """Return the history as JSON-ready values: each day with its distributions, and the totals."""
    return {
        "days": [
            {**_row(day), "seconds": _pairs(day.seconds), "scores": _pairs(day.scores)}
            for day in history.days
        ],
        "users": history.users,
        "requests": history.requests,
        **{kind: history.outcomes[kind] for kind in OUTCOMES},
        "seconds": _pairs(history.seconds),
        "work": _pairs(history.work),
        "scores": _pairs(history.scores),
    }


def _row(day: Day) -> dict[str, Any]:
    return {
        "date": str(day.date),
        "users": day.users,
        "requests": day.requests,
        **{kind: day.outcomes[kind] for kind in OUTCOMES},
        "seconds_p50": quantile(day.seconds, 0.5),
        "seconds_p95": quantile(day.seconds, 0.95),
        "work_p50": quantile(day.work, 0.5),
        "work_p95": quantile(day.work, 0.95),
    }


def _pairs(histogram: Mapping[float, int]) -> list[list[float]]:
    """Return a histogram as pairs of bound and count, since keys in JSON can't be numbers."""
    return [[bound, count] for bound, count in sorted(histogram.items())]
