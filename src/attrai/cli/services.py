"""The processes of a deployment: `attrai worker`, `bot`, `sandbox`, `sweep` and `health`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from attrai.allocation import environment
from attrai.cli.ending import FAILED, TERMINATED, refuse
from attrai.contract import STAGES
from attrai.errors import SettingsError
from attrai.settings import load_settings


def worker_command(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help=f"One of {', '.join(STAGES)}.")],
    processes: Annotated[
        int, typer.Option("-p", "--processes", min=1, help="How many of them to run here.")
    ] = 1,
) -> None:
    """Run a stage of the chain, on RabbitMQ and Redis, until a signal ends it."""
    if stage not in STAGES:
        refuse(f"no stage {stage!r}; there are {', '.join(STAGES)}")
    from attrai.actors.stage import TIME_LIMIT  # noqa: PLC0415 - keeps --help fast

    # One thread a process: torch and OpenCV use one as well, so a process is a core.
    command = ["dramatiq", "attrai.broker:setup", f"attrai.actors.{stage}", "-Q", stage]
    command += ["-p", str(processes), "-t", "1", "--worker-shutdown-timeout", str(TIME_LIMIT)]
    command = [sys.executable, "-m", *command]
    os.execve(sys.executable, command, environment(stage))  # noqa: S606 - nothing of a user's is in it


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
        log_handler = broker.configure_logs(settings, "bot")
        if embedded:
            from attrai.bot.one_process import run_embedded  # noqa: PLC0415 - and torch out

            run_embedded(settings, announce, log_handler, threads=jobs or os.cpu_count() or 1)
        else:
            from attrai.bot.service import run  # noqa: PLC0415

            run(settings, announce, log_handler)
    except (SettingsError, servers.CannotStart) as error:
        refuse(str(error))


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
        refuse("the sandbox needs more packages: pip install 'attrai[sandbox]'")
    typer.echo(f"Open http://{host}:{port} in a browser; Ctrl-C ends it")
    try:
        if bot:
            raise typer.Exit(run_with_bot(port))
        serve(Sandbox(), host, port)
    except OSError as error:
        refuse(f"can't listen on {host}:{port}: {error.strerror}")


def sweep_command(
    once: Annotated[bool, typer.Option("--once", help="One round instead of for ever.")] = False,  # noqa: FBT002 - as above
) -> None:
    """Answer for jobs whose time is over, and delete files that belong to no job."""
    from attrai import broker, health, servers, sweeper  # noqa: PLC0415 - keeps --help fast
    from attrai.dropped import DroppedRecords  # noqa: PLC0415
    from attrai.metrics.opening import open_state_metrics  # noqa: PLC0415

    try:
        settings = load_settings()
        log_handler = broker.configure_logs(settings, "sweep")
        if not once:
            open_state_metrics(settings)  # first, for it tells which server is waited for
        servers.await_servers(settings)
        rabbitmq = broker.make_broker(settings, [])
        services = broker.open_services(settings, {})
    except (SettingsError, servers.CannotStart) as error:
        refuse(str(error))
    if once:
        overdue, orphans = sweeper.sweep(rabbitmq, services.ledger, services.photos)
        typer.echo(f"{overdue} overdue jobs answered, files of {orphans} jobs deleted")
    else:
        # A round may be cut off anywhere; the next one does the rest.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
        pulse, dropped = health.Pulse(), DroppedRecords(services.ledger, log_handler)

        def live() -> None:
            pulse.beat()
            dropped.note()

        try:
            sweeper.run(rabbitmq, services.ledger, services.photos, live)
        finally:
            pulse.stop()


def health_command() -> None:
    """Tell whether the workers of this container live: exit status 0, or 1 and a reason."""
    from attrai import health  # noqa: PLC0415 - as above

    if problem := health.problem():
        typer.echo(problem, err=True)
        raise typer.Exit(FAILED)
