"""How a command ends when it can't do what it was asked for."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console

from attrai.processes.shutdown import Shutdown

#: Exit statuses. Those of processes that a signal ends are given in `attrai.processes.signals`.
FAILED, USAGE = 1, 2


def shutdown_of(context: typer.Context) -> Shutdown:
    """Return what tells the command to end; nothing ever does where no process was made for it."""
    return context.ensure_object(Shutdown)


def refuse(reason: str) -> NoReturn:
    """Ends the process: it can't start like this."""
    Console(stderr=True).print(f"attrai: {reason}", style="red", markup=False, highlight=False)
    raise typer.Exit(USAGE)
