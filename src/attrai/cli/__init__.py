"""The command line: `attrai COMMAND`. A file holds the commands of one purpose.

What a command needs beyond its options it imports when it is called: `attrai --help` is fast.
"""

from __future__ import annotations

import typer

from attrai.cli.evaluate import evaluate_command
from attrai.cli.overview import stats_command, status_command
from attrai.cli.rate import rate_command
from attrai.cli.services import (
    bot_command,
    health_command,
    sandbox_command,
    sweep_command,
    worker_command,
)
from attrai.cli.train import train_app

__all__ = ["app"]

app = typer.Typer(
    help="Finds the faces on photos, scores each from 1 to 10 and draws the result.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback belongs in one piece, without local values
)

app.command(name="rate")(rate_command)
app.command(name="evaluate")(evaluate_command)
app.add_typer(train_app, name="train")
app.command(name="worker")(worker_command)
app.command(name="bot")(bot_command)
app.command(name="sandbox")(sandbox_command)
app.command(name="sweep")(sweep_command)
app.command(name="health")(health_command)
app.command(name="status")(status_command)
app.command(name="stats")(stats_command)
