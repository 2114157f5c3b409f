"""A snapshot as a table for people and as JSON for programs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from attrai.locales import duration
from attrai.monitoring.bottleneck import bottleneck_hint, bottlenecks
from attrai.monitoring.snapshot import Snapshot, StageView, Times

#: How many characters wide a page may be at least, for all names and numbers to be whole.
MIN_WIDTH = 80
_COLUMNS = (
    *("Waiting", "Processing", "Retrying", "Workers", "Per\nminute"),
    *("Wait, s\np50   p95", "Work, s\np50   p95"),
)
#: Shown for a value that is unknown because a part is down, and for one without samples.
_UNKNOWN, _NOTHING = "?", "-"
#: Seconds from which times are shown with one decimal, and with none, instead of three.
_LONG, _LONGER = 1, 10


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as JSON-ready values; times in seconds, null for unknown values."""
    values = asdict(snapshot)
    for stage in values["stages"]:
        for name in ("waited", "took"):
            median, p95 = stage.pop(name)
            stage |= {f"{name}_p50": median, f"{name}_p95": p95}
    return values | {"advice": bottleneck_hint(snapshot)}


def table(snapshot: Snapshot) -> RenderableType:
    """Return a snapshot as a page for the terminal."""
    # Without padding the box still leaves a blank between columns.
    rows = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    rows.add_column("Stage", no_wrap=True)
    for name in _COLUMNS:
        rows.add_column(name, justify="right", no_wrap=True)
    line, marked = bottleneck_hint(snapshot), bottlenecks(snapshot)
    for stage in snapshot.stages:
        rows.add_row(*_cells(stage), style="bold yellow" if stage in marked else "")
    parts: list[RenderableType] = [_headline(snapshot), rows, _footline(snapshot)]
    parts += [
        Text(f"{fault.part} is down: {fault.reason}. Its values are shown as {_UNKNOWN}.", "red")
        for fault in snapshot.faults
    ]
    if line:
        parts.append(Text(line, style="bold yellow"))
    return Group(*parts)


def _headline(snapshot: Snapshot) -> Text:
    parts = [time.strftime("%H:%M:%S", time.localtime(snapshot.at))]
    if snapshot.in_flight is not None:
        parts.append(f"photos in flight: {snapshot.in_flight}")
    if snapshot.in_flight and snapshot.oldest is not None:
        parts.append(f"oldest: {duration(snapshot.oldest)}")
    # Without a worker it would never be answered.
    if snapshot.eta is not None and all(stage.workers for stage in snapshot.stages):
        parts.append(f"estimate for a new one: {duration(snapshot.eta)}")
    return Text(" · ".join(parts))


def _footline(snapshot: Snapshot) -> Text:
    figures: Sequence[tuple[str, float | None]] = (
        ("admitted per minute", snapshot.per_minute),
        ("users at their limit", snapshot.users_at_limit),
        ("dead letters", snapshot.dead_letters),
        ("log records dropped today", snapshot.dropped_logs),
    )
    line = Text()
    for name, value in figures:
        alarming = name.startswith(("dead", "log")) and value
        line.append(" · " if line else "")
        line.append(f"{name}: {_count(value)}", style="bold red" if alarming else "")
    return line


def _cells(stage: StageView) -> tuple[str, ...]:
    return (
        stage.name,
        *map(_count, (stage.waiting, stage.in_work, stage.later, stage.workers, stage.per_minute)),
        _times(stage.waited),
        _times(stage.took),
    )


def _count(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.0f}"


def _times(times: Times) -> str:
    """Return the median and the p95 as text."""
    if times.median is None or times.p95 is None:
        return _NOTHING
    return f"{_seconds(times.median):>5} {_seconds(times.p95):>5}"


def _seconds(value: float) -> str:
    places = 3 if value < _LONG else 1 if value < _LONGER else 0
    return f"{value:.{places}f}"
