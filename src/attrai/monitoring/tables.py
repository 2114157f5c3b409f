"""The history for programs: a line of CSV a day, or JSON."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO
from typing import Any

from attrai.errors import OUTCOMES
from attrai.ledger.histogram import quantile
from attrai.ledger.history import Day, History


def as_csv(history: History) -> str:
    """A line a day under a line of names; times in seconds, empty where there were none."""
    rows = [_row(day) for day in history.days]
    file = StringIO()
    writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def as_json(history: History) -> dict[str, Any]:
    """Each day with its distributions, and all of them together."""
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
    """A histogram as JSON has no numbers for keys: a bucket's bound and its count."""
    return [[bound, count] for bound, count in sorted(histogram.items())]
