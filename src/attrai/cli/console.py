"""Exit statuses, error messages and progress displays for the commands.

Errors and progress go to standard error, so that standard output can be piped.
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
from rich.text import Text

from attrai.lifecycle.shutdown import Shutdown
from attrai.printable import printable

#: Exit statuses. `attrai.lifecycle.signals` sets those of processes ended by a signal.
FAILED, USAGE = 1, 2


def shutdown_of(context: typer.Context) -> Shutdown:
    """Return the object that asks a command to stop.

    If the command doesn't run in a process of its own, nothing ever asks it to stop.
    """
    return context.ensure_object(Shutdown)


def refuse(reason: str, status: int = USAGE) -> NoReturn:
    """Print in one line why the command can't start or go on, and exit, by default with 2."""
    complain(reason)
    raise typer.Exit(status)


def complain(reason: str) -> None:
    """Print in one line what is wrong."""
    _print_line(reason, "red")


def warn(reason: str) -> None:
    """Print in one line what is probably wrong."""
    _print_line(reason, "yellow")


def _print_line(reason: str, style: str) -> None:
    error_console().print(Text(f"attrai: {printable(reason)}", style=style), soft_wrap=True)


#: Width in characters when the output is not a terminal, so that each row stays on one line for
#: `grep`.
_PIPE_WIDTH = 1000
#: Number of progress lines over a whole run.
_LINES = 10


def output_console() -> Console:
    """Return the console that tables are printed to."""
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    return Console(width=width, emoji=False)


def error_console() -> Console:
    """Return the console that errors and progress are printed to."""
    return Console(stderr=True, emoji=False)


@contextmanager
def progress_bars(shutdown: Shutdown) -> Iterator[Progress]:
    """Show progress bars that disappear at the end, or as soon as the process is asked to stop."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("time left:"),
        TimeRemainingColumn(),
    )
    errors = error_console()
    with (
        Progress(
            *columns,
            console=errors,
            transient=True,
            # Redirected output would be printed to the console, where bars leave room for it.
            redirect_stdout=sys.stdout.isatty(),
            disable=not errors.is_terminal,
        ) as progress,
        shutdown.calling(progress.stop),
    ):
        yield progress


def add_bar(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    """Add a progress bar, and return a function that advances it by a number of steps."""
    bar = progress.add_task(what, total=total)
    return lambda count: progress.advance(bar, count)


def add_lines(what: str, total: int) -> Callable[[int], None]:
    """Return a function like that of `add_bar` that prints a line at each tenth, for logs."""
    done, begun, at_first = 0, 0.0, 0

    def advance(count: int) -> None:
        nonlocal done, begun, at_first
        tenths = done * _LINES // total
        done += count
        if not begun:  # a resumed run reports its earlier steps at once, and they took no time
            begun, at_first = time.monotonic(), done
        if done * _LINES // total > tenths:
            each = (time.monotonic() - begun) / max(1, done - at_first)
            left = f"{each * (total - done) / 60:.0f} min left"
            typer.echo(f"{what}: {done:,} of {total:,}, {left}", err=True)

    return advance
