"""How a command ends when it can't do what it was asked for."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console

#: Exit statuses; the last two are 128 and the signal's number, as shells have it.
FAILED, USAGE, INTERRUPTED, TERMINATED = 1, 2, 130, 143


def refuse(reason: str) -> NoReturn:
    """Ends the process: it can't start like this."""
    Console(stderr=True).print(f"attrai: {reason}", style="red", markup=False, highlight=False)
    raise typer.Exit(USAGE)
