"""The command line, `attrai COMMAND`. Each module holds related commands.

Commands import what they need when they are called, which keeps `attrai --help` fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from attrai.cli.config import config_command
from attrai.cli.monitoring import stats_command, status_command
from attrai.cli.processes import (
    api_command,
    bot_command,
    forward_command,
    health_command,
    sandbox_command,
    sweep_command,
    worker_command,
)
from attrai.cli.rate import rate_command

__all__ = ["app"]

#: Commands of packages that the service never imports, and the modules that hold their apps.
_ELSEWHERE = {"evaluate": "attrai_training.cli.evaluate", "train": "attrai_training.cli.train"}


class _Commands(TyperGroup):
    """A command group that imports the commands of other packages only when they are called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, in the order of the help page."""
        first, *others = super().list_commands(ctx)
        return [first, *_ELSEWHERE, *others]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command named `cmd_name`, or None if there is none."""
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
    pretty_exceptions_enable=False,  # plain tracebacks, without the values of local variables
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - keeps --help fast

        typer.echo(version("attrai"))
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[  # noqa: FBT002 - typer passes it by its name, to the callback above
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options of no command."""


app.command(name="rate")(rate_command)
app.command(name="worker")(worker_command)
app.command(name="bot")(bot_command)
app.command(name="api")(api_command)
app.command(name="sandbox")(sandbox_command)
app.command(name="sweep")(sweep_command)
app.command(name="forward")(forward_command)
app.command(name="health")(health_command)
app.command(name="config")(config_command)
app.command(name="status")(status_command)
app.command(name="stats")(stats_command)
