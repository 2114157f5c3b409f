"""The command line: `attrai COMMAND`."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from attrai import logs, report
from attrai.contract import STAGES
from attrai.errors import SettingsError
from attrai.plan import SUFFIX, Outcome, Task, plan
from attrai.render import UnknownRenderer, UnusableRenderer, load_renderer, renderer_names
from attrai.settings import Settings, load_settings

app = typer.Typer(
    help="Finds the faces on photos, scores each from 1 to 10 and draws the result.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback belongs in one piece, without local values
)

#: Where no terminal sets a width no row is broken, so that a row stays one line for `grep`.
_PIPE_WIDTH = 1000

_FAILED, _USAGE, _INTERRUPTED, _TERMINATED = 1, 2, 130, 143


@app.command(name="rate")
def rate_command(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Photos, folders (searched through) or patterns such as 'party/*.jpg'.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            file_okay=False,
            help=f"Where the pictures go; beside the photos, as NAME{SUFFIX}, by default.",
            show_default=False,
        ),
    ] = None,
    renderer: Annotated[
        str, typer.Option(metavar="NAME", help=f"How to draw: {', '.join(renderer_names())}.")
    ] = "boxes",
    jobs: Annotated[
        int | None,
        typer.Option(
            "-j", "--jobs", min=1, help="How many cores to use; all by default.", show_default=False
        ),
    ] = None,
    as_json: Annotated[  # noqa: FBT002 - typer passes it by its name
        bool,
        typer.Option("--json", help="Print a JSON object a photo, as they are ready."),
    ] = False,
) -> None:
    """Rate photos: find the faces, score them, write a picture of each.

    Exits with 1 when a photo could not be rated, with 2 for wrong usage.
    """
    try:
        settings = load_settings()
        load_renderer(renderer)
    except (SettingsError, UnknownRenderer, UnusableRenderer) as error:
        _refuse(str(error))
    logs.configure(settings.log_level, sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))

    started = time.monotonic()
    tasks, barren = plan(paths, output)
    order = {task.source: place for place, task in enumerate(tasks)}
    outcomes = iter(barren)
    if tasks:
        threads = jobs or os.cpu_count() or 1
        outcomes = chain(barren, _rate(tasks, settings, renderer, threads))
    done, interrupted = _show_progress(outcomes, len(tasks) + len(barren), as_json=as_json)

    if not as_json:
        # As on the command line, whatever was ready first.
        done.sort(key=lambda outcome: order.get(outcome.source, len(order)))
        console = Console() if sys.stdout.isatty() else Console(width=_PIPE_WIDTH)
        console.print(report.table(done))
        console.print(report.summary(done, time.monotonic() - started))
    if interrupted:
        raise typer.Exit(_INTERRUPTED)
    if any(outcome.failure for outcome in done):
        raise typer.Exit(_FAILED)


def _rate(tasks: list[Task], settings: Settings, renderer: str, threads: int) -> Iterator[Outcome]:
    # Importing the networks takes seconds that `attrai --help` need not wait for.
    from attrai.rate import rate  # noqa: PLC0415
    from attrai.scoring.weights_file import WeightsError  # noqa: PLC0415

    try:
        yield from rate(tasks, settings, renderer, threads=threads)
    except WeightsError as error:
        _refuse(str(error))


def _show_progress(
    outcomes: Iterator[Outcome], total: int, *, as_json: bool
) -> tuple[list[Outcome], bool]:
    """Shows the outcomes as they come; all of them, and whether Ctrl-C ended it."""
    done: list[Outcome] = []
    columns = (
        TextColumn("Rating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("photos, left:"),
        TimeRemainingColumn(),
    )
    errors = Console(stderr=True)
    progress = Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)
    with progress:
        bar = progress.add_task("", total=total)
        try:
            for outcome in outcomes:
                done.append(outcome)
                progress.advance(bar)
                if as_json:
                    sys.stdout.write(json.dumps(report.as_json(outcome)) + "\n")
                    sys.stdout.flush()
        except KeyboardInterrupt:
            errors.print(f"Stopped after {len(done)} of {total} photos.")
            return done, True
    return done, False


def _refuse(reason: str) -> NoReturn:
    """Ends the process: it can't start like this."""
    Console(stderr=True).print(f"attrai: {reason}", style="red", markup=False, highlight=False)
    raise typer.Exit(_USAGE)


@app.command(name="worker")
def worker_command(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help=f"One of {', '.join(STAGES)}.")],
    processes: Annotated[
        int, typer.Option("-p", "--processes", min=1, help="How many of them to run here.")
    ] = 1,
) -> None:
    """Run a stage of the chain, on RabbitMQ and Redis, until a signal ends it."""
    if stage not in STAGES:
        _refuse(f"no stage {stage!r}; there are {', '.join(STAGES)}")
    from attrai.actors.stage import TIME_LIMIT  # noqa: PLC0415 - keeps --help fast

    # One thread a process: torch and OpenCV use one as well, so a process is a core.
    command = ["dramatiq", "attrai.broker:setup", f"attrai.actors.{stage}", "-Q", stage]
    command += ["-p", str(processes), "-t", "1", "--worker-shutdown-timeout", str(TIME_LIMIT)]
    os.execv(sys.executable, [sys.executable, "-m", *command])  # noqa: S606 - nothing of a user's is in it


@app.command(name="bot")
def bot_command(
    embedded: Annotated[  # noqa: FBT002 - typer passes it by its name
        bool,
        typer.Option("--embedded", help="Run all stages in this process too; no server needed."),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "-j",
            "--jobs",
            min=1,
            help="How many cores the embedded stages use; all by default.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the Telegram bot until a signal ends it. Only one may run for a token."""
    from attrai import broker, servers  # noqa: PLC0415 - keeps --help fast

    def announce(name: str) -> None:
        typer.echo(f"Listening as @{name}")

    try:
        settings = load_settings()
        broker.configure_logs(settings, "bot")
        if embedded:
            from attrai.bot.one_process import run_embedded  # noqa: PLC0415 - and torch out

            run_embedded(settings, announce, threads=jobs or os.cpu_count() or 1)
        else:
            from attrai.bot.service import run  # noqa: PLC0415

            run(settings, announce)
    except (SettingsError, servers.CannotStart) as error:
        _refuse(str(error))


@app.command(name="sandbox")
def sandbox_command(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where to listen.")] = 8081,
    bot: Annotated[  # noqa: FBT002 - as above
        bool, typer.Option("--bot", help="Start the bot with all stages as well; on loopback only.")
    ] = False,
) -> None:
    """Run a stand-in for Telegram with a chat page, to try the bot without an account."""
    try:
        from attrai.sandbox import Sandbox, serve  # noqa: PLC0415 - an extra
        from attrai.sandbox.with_bot import run_with_bot  # noqa: PLC0415
    except ImportError:
        _refuse("the sandbox needs more packages: pip install 'attrai[sandbox]'")
    typer.echo(f"Open http://{host}:{port} in a browser; Ctrl-C ends it")
    try:
        if bot:
            raise typer.Exit(run_with_bot(port))
        serve(Sandbox(), host, port)
    except OSError as error:
        _refuse(f"can't listen on {host}:{port}: {error.strerror}")


@app.command(name="sweep")
def sweep_command(
    once: Annotated[bool, typer.Option("--once", help="One round instead of for ever.")] = False,  # noqa: FBT002 - as above
) -> None:
    """Answer for jobs whose time is over, and delete files that belong to no job."""
    from attrai import broker, health, servers, sweeper  # noqa: PLC0415 - keeps --help fast

    try:
        settings = load_settings()
        broker.configure_logs(settings, "sweep")
        servers.await_servers(settings)
        rabbitmq = broker.make_broker(settings, [])
        services = broker.open_services(settings, {})
    except (SettingsError, servers.CannotStart) as error:
        _refuse(str(error))
    if once:
        overdue, orphans = sweeper.sweep(rabbitmq, services.ledger, services.photos)
        typer.echo(f"{overdue} overdue jobs answered, files of {orphans} jobs deleted")
    else:
        # A round may be cut off anywhere; the next one does the rest.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
        pulse = health.Pulse()
        try:
            sweeper.run(rabbitmq, services.ledger, services.photos, pulse.beat)
        finally:
            pulse.stop()


@app.command(name="health")
def health_command() -> None:
    """Tell whether the workers of this container live: exit status 0, or 1 and a reason."""
    from attrai import health  # noqa: PLC0415 - as above

    if problem := health.problem():
        typer.echo(problem, err=True)
        raise typer.Exit(_FAILED)


def main() -> None:
    """The `attrai` program."""
    app()
