"""The command line: `attrai COMMAND`. A file holds the commands of one purpose.

What a command needs beyond its options it imports when it is called: `attrai --help` is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from attrai.cli.monitoring import stats_command, status_command
from attrai.cli.processes import (
    bot_command,
    health_command,
    sandbox_command,
    sweep_command,
    worker_command,
)
from attrai.cli.rate import rate_command

__all__ = ["app"]

#: Commands of other packages, which the service never loads, and where their apps are.
_ELSEWHERE = {"evaluate": "attrai_training.cli.evaluate", "train": "attrai_training.cli.train"}


class _Commands(TyperGroup):
    """The commands of this package, and those of others once they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return all names, in the order of the help page."""
        first, *others = super().list_commands(ctx)
        return [first, *_ELSEWHERE, *others]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of that name, or None."""
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command = typer.main.get_command(import_module(_ELSEWHERE[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_Commands,
    help="Finds the faces on photos, scores each from 1 to 10 and draws the result.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback belongs in one piece, without local values
)

app.command(name="rate")(rate_command)
app.command(name="worker")(worker_command)
app.command(name="bot")(bot_command)
app.command(name="sandbox")(sandbox_command)
app.command(name="sweep")(sweep_command)
app.command(name="health")(health_command)
app.command(name="status")(status_command)
app.command(name="stats")(stats_command)
