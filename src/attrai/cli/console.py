"""How a command ends when it can't do what it was asked for.

What the commands show, on the error output, so that what is printed can be piped on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from attrai.lifecycle.shutdown import Shutdown

#: Exit statuses. Those of processes that a signal ends are given in `attrai.lifecycle.signals`.
FAILED, USAGE = 1, 2


def shutdown_of(context: typer.Context) -> Shutdown:
    """Return what tells the command to end; nothing ever does where no process was made for it."""
    return context.ensure_object(Shutdown)


def refuse(reason: str) -> NoReturn:
    """Ends the process: it can't start like this."""
    Console(stderr=True).print(f"attrai: {reason}", style="red", markup=False, highlight=False)
    raise typer.Exit(USAGE)


#: Where no terminal sets a width no row is broken, so that a row stays one line for `grep`.
_PIPE_WIDTH = 1000
#: How often a line tells how far something is.
_LINES = 10


def output_console() -> Console:
    """Where tables are printed."""
    return Console() if sys.stdout.isatty() else Console(width=_PIPE_WIDTH)


@contextmanager
def progress_bars(shutdown: Shutdown) -> Iterator[Progress]:
    """Show bars that vanish at the end, and as soon as the process is told to end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("time left:"),
        TimeRemainingColumn(),
    )
    errors = Console(stderr=True)
    with (
        Progress(
            *columns, console=errors, transient=True, disable=not errors.is_terminal
        ) as progress,
        shutdown.calling(progress.stop),
    ):
        yield progress


def add_bar(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    """A new bar; called with how many more are done."""
    bar = progress.add_task(what, total=total)
    return lambda count: progress.advance(bar, count)


def add_lines(what: str, total: int) -> Callable[[int], None]:
    """In place of a bar where no terminal shows one: a line at each tenth, for logs."""
    done, begun, at_first = 0, 0.0, 0

    def advance(count: int) -> None:
        nonlocal done, begun, at_first
        tenths = done * _LINES // total
        done += count
        if not begun:  # what an interrupted run has done comes at once, and took no time
            begun, at_first = time.monotonic(), done
        if done * _LINES // total > tenths:
            each = (time.monotonic() - begun) / max(1, done - at_first)
            left = f"{each * (total - done) / 60:.0f} min left"
            typer.echo(f"{what}: {done:,} of {total:,}, {left}", err=True)

    return advance
