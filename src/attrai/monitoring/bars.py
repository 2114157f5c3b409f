"""The history in a terminal: a column a day, a bar for each bucket of a distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from attrai.ledger.history import History
from attrai.ledger.ledger import SCORE_BIN

#: Eighths of a line, from nothing to full.
_BLOCKS = " ▁▂▃▄▅▆▇█"
#: How many lines high the columns are, and how many characters wide the bars.
_HEIGHT, _WIDTH = 6, 40
#: Times are shown in steps of this factor: three of the ledger's.
_STEP = 1.25**3
#: From so many seconds on they are told without a fraction.
_PLAIN = 10


def page(history: History, width: int) -> RenderableType:
    """All charts.

    Args:
        history: what to show.
        width: of the terminal in characters; of more days the last are shown one by one.
    """
    shown = history.days[-max(1, width - 10) :]
    first, last = shown[0].date, shown[-1].date
    times = _coarser(history.seconds)
    return Group(
        _title(f"Photos a day, {first} to {last}: {history.requests}"),
        *_columns([day.requests for day in shown]),
        _title(f"People a day: {history.users} in all"),
        *_columns([day.users for day in shown]),
        _title("Seconds until the answer"),
        _bars({_up_to(bound): count for bound, count in times.items()}),
        _title("Scores"),
        _bars({f"{low:g} to {low + SCORE_BIN:g}": n for low, n in history.scores.items()}),
        _title("Answers"),
        _bars({kind.replace("-", " "): count for kind, count in history.outcomes.items()}),
    )


def _up_to(seconds: float) -> str:
    return f"up to {seconds:.{1 if seconds < _PLAIN else 0}f}"


def _title(words: str) -> Text:
    return Text(f"\n{words}", style="bold")


def _columns(values: Sequence[int]) -> list[Text]:
    """A column a value, the highest as high as there is room, with its value at its top."""
    most = max(values, default=0)
    eighths = [math.ceil(8 * _HEIGHT * value / most) if most else 0 for value in values]
    lines = []
    for line in reversed(range(_HEIGHT)):
        cells = (_BLOCKS[min(8, max(0, each - 8 * line))] for each in eighths)
        scale = str(most) if line == _HEIGHT - 1 else "0" if line == 0 else ""
        lines.append(Text(f"{scale:>7} ").append("".join(cells), style="blue"))
    return lines


def _bars(values: Mapping[str, int]) -> RenderableType:
    """A bar a value, with its name before and its count behind."""
    most = max(values.values(), default=0)
    if not most:
        return Text("        nothing yet", style="dim")
    rows = Table.grid(padding=(0, 1))
    rows.add_column(justify="right", min_width=12)
    rows.add_column()
    rows.add_column(justify="right")
    for name, value in values.items():
        rows.add_row(name, Bar(most, 0, value, width=_WIDTH, color="blue"), str(value))
    return rows


def _coarser(times: Mapping[float, int]) -> dict[float, int]:
    """The same times in fewer buckets, from the first with any to the last."""
    counts: dict[int, int] = {}
    for bound, count in times.items():
        step = math.ceil(math.log(bound, _STEP) - 1e-9)
        counts[step] = counts.get(step, 0) + count
    steps = range(min(counts), max(counts) + 1) if counts else range(0)
    return {_STEP**step: counts.get(step, 0) for step in steps}
