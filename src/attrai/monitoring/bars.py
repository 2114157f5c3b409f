"""The history in a terminal: a column for each day, a bar for each bucket of a distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from attrai.ledger.constants import SCORE_BIN
from attrai.ledger.history import History

#: Block characters from empty to a full line, in eighths.
_BLOCKS = " ▁▂▃▄▅▆▇█"
#: Height of the columns in lines, and width of the bars in characters.
_HEIGHT, _WIDTH = 6, 40
#: Factor between the bounds of the buckets shown: three of the ledger's buckets make one.
_STEP = 1.25**3
#: Seconds from which bounds are shown without a decimal.
_PLAIN = 10


def page(history: History, width: int) -> RenderableType:
    """Return all charts of a history as one page.

    Args:
        history: the days to show.
        width: of the terminal in characters; columns are shown for as many of the last days as fit.
    """
    shown = history.days[-max(1, width - 10) :]
    first, last = shown[0].date, shown[-1].date
    times = _merge_buckets(history.seconds)
    return Group(
        _title(f"Photos per day, {first} to {last}: {history.requests} in total"),
        *_columns([day.requests for day in shown]),
        _title(f"Users per day: {history.users} in total"),
        *_columns([day.users for day in shown]),
        _title("Seconds until answered"),
        _bars({_up_to(bound): count for bound, count in times.items()}),
        _title("Scores"),
        _bars({f"{low:g} to {low + SCORE_BIN:g}": n for low, n in history.scores.items()}),
        _title("Outcomes"),
        _bars({kind.replace("-", " "): count for kind, count in history.outcomes.items()}),
    )


def _up_to(seconds: float) -> str:
    return f"up to {seconds:.{1 if seconds < _PLAIN else 0}f}"


def _title(words: str) -> Text:
    return Text(f"\n{words}", style="bold")


def _columns(values: Sequence[int]) -> list[Text]:
    """Return a column chart as lines of text, with its scale at the left."""
    most = max(values, default=0)
    eighths = [math.ceil(8 * _HEIGHT * value / most) if most else 0 for value in values]
    lines = []
    for line in reversed(range(_HEIGHT)):
        cells = (_BLOCKS[min(8, max(0, each - 8 * line))] for each in eighths)
        scale = str(most) if line == _HEIGHT - 1 else "0" if line == 0 else ""
        lines.append(Text(f"{scale:>7} ").append("".join(cells), style="blue"))
    return lines


def _bars(values: Mapping[str, int]) -> RenderableType:
    """Return a bar chart with each value's name before its bar and its count behind."""
    most = max(values.values(), default=0)
    if not most:
        return Text("        no data yet", style="dim")
    rows = Table.grid(padding=(0, 1))
    rows.add_column(justify="right", min_width=12)
    rows.add_column()
    rows.add_column(justify="right")
    for name, value in values.items():
        rows.add_row(name, Bar(most, 0, value, width=_WIDTH, color="blue"), str(value))
    return rows


def _merge_buckets(times: Mapping[float, int]) -> dict[float, int]:
    """Return the histogram with fewer buckets, from the first non-empty one to the last."""
    counts: dict[int, int] = {}
    for bound, count in times.items():
        step = math.ceil(math.log(bound, _STEP) - 1e-9)
        counts[step] = counts.get(step, 0) + count
    steps = range(min(counts), max(counts) + 1) if counts else range(0)
    return {_STEP**step: counts.get(step, 0) for step in steps}
