"""What the commands show: bars on the error output, so that what is printed can be piped on."""

from __future__ import annotations

import sys
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

#: Where no terminal sets a width no row is broken, so that a row stays one line for `grep`.
_PIPE_WIDTH = 1000


def output_console() -> Console:
    """Where tables are printed."""
    return Console() if sys.stdout.isatty() else Console(width=_PIPE_WIDTH)


def progress_bars(unit: str) -> Progress:
    """Bars that count `unit`, such as photos; they vanish at the end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}, left:"),
        TimeRemainingColumn(),
    )
    errors = Console(stderr=True)
    return Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)


def add_bar(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    """A new bar; called with how many more are done."""
    bar = progress.add_task(what, total=total)
    return lambda count: progress.advance(bar, count)
