"""The commands of a deployment: `worker`, `bot`, `api`, `sandbox`, `sweep`, `forward`, `health`."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated

import typer

from attrai.cli.console import FAILED, refuse, shutdown_of
from attrai.cli.options import (
    EmbeddedJobsOption,
    EmbeddedOption,
    LogFormatOption,
    given_log_format,
    parse_folder,
)
from attrai.errors import CannotStart, SettingsError
from attrai.job import STAGES
from attrai.lifecycle.allocation import worker_environment
from attrai.lifecycle.signals import ReplaceProcess
from attrai.lifecycle.streams import OutputLost
from attrai.settings import load_service_settings, variable_of


def worker_command(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help=f"One of {', '.join(STAGES)}.")],
    processes: Annotated[
        int, typer.Option("-p", "--processes", min=1, help="Number of worker processes.")
    ] = 1,
    log_format: LogFormatOption = None,
) -> None:
    """Run the workers of a stage, using RabbitMQ and Redis, until a signal stops them."""
    if stage not in STAGES:
        refuse(f"no stage {stage!r}; choose one of {', '.join(STAGES)}")
    from attrai.actors.stage import TIME_LIMIT_MS  # noqa: PLC0415 - keeps --help fast

    # The module and attrai.worker decide which queue is consumed, and on how many threads.
    command = ["attrai.processes.main_process", "attrai.worker:setup", f"attrai.actors.{stage}"]
    command += ["-p", str(processes), "--worker-shutdown-timeout", str(TIME_LIMIT_MS)]
    # dramatiq's main process ignores signals while it waits for the workers to come online before
    # it forks processes for middleware. There are none, so the wait is the minimum of 10 ms.
    command += ["--worker-fork-timeout", "10"]
    python = [sys.executable, "-m"]
    variables = {variable_of(key): value for key, value in given_log_format(log_format).items()}
    raise ReplaceProcess(
        [*python, "attrai.lifecycle.supervisor", *python, *command, "--skip-logging"],
        worker_environment(stage) | variables,
    )


def bot_command(
    context: typer.Context,
    embedded: EmbeddedOption = False,  # noqa: FBT002 - Typer passes it by keyword
    jobs: EmbeddedJobsOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Run the Telegram bot until a signal stops it. Only one bot per token may poll."""
    from attrai.processes.startup import configure_logs  # noqa: PLC0415 - keeps --help fast

    shutdown = shutdown_of(context)
    try:
        settings = load_service_settings(**given_log_format(log_format))
        log_handler = configure_logs(settings, "bot")
        if embedded:
            from attrai.processes.embedded import run_embedded  # noqa: PLC0415 - loads all stages

            threads = jobs or os.cpu_count() or 1
            run_embedded(settings, shutdown, _announce, log_handler, threads=threads)
        else:
            from attrai.processes.bot import run  # noqa: PLC0415

            run(settings, shutdown, _announce, log_handler)
    except (SettingsError, CannotStart) as error:
        refuse(str(error))


def _announce(name: str) -> None:
    with suppress(OutputLost):  # the bot goes on without the line
        typer.echo(f"Listening as @{name}")


def api_command(
    context: typer.Context,
    embedded: EmbeddedOption = False,  # noqa: FBT002 - Typer passes it by keyword
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    jobs: EmbeddedJobsOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Rate photos of programs, over HTTP, until a signal stops it."""
    from attrai.processes.startup import configure_logs  # noqa: PLC0415 - keeps --help fast

    shutdown = shutdown_of(context)
    try:
        from attrai.processes import api  # noqa: PLC0415 - an extra
    except ImportError:
        refuse("the HTTP interface needs more packages: pip install 'attrai[api]'")
    try:
        settings = load_service_settings(**given_log_format(log_format))
        log_handler = configure_logs(settings, "api")
        with api.listening(host, port) as listener:
            if embedded:
                threads = jobs or os.cpu_count() or 1
                api.run_embedded(settings, shutdown, _say_address, log_handler, listener, threads)
            else:
                api.run(settings, shutdown, _say_address, log_handler, listener)
    except (SettingsError, CannotStart) as error:
        refuse(str(error))


def _say_address(address: str) -> None:
    with suppress(OutputLost):  # as above
        typer.echo(f"Listening on {address}; {address}/docs is a page to try it")


def sandbox_command(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8081,
    bot: Annotated[  # noqa: FBT002 - as above
        bool, typer.Option("--bot", help="Also start the bot with all stages; on loopback only.")
    ] = False,
    log_format: LogFormatOption = None,
) -> None:
    """Run a local stand-in for Telegram with a chat page, to try the bot without an account."""
    try:
        from telegram_sandbox import Sandbox, running  # noqa: PLC0415 - an extra
    except ImportError:
        refuse("the sandbox needs more packages: pip install 'attrai[sandbox]'")
    with ExitStack() as stack:
        sandbox = Sandbox()
        try:
            # With a bot, only on loopback: the sandbox's token is public.
            address = running(sandbox, port, "127.0.0.1" if bot else host)
            url = stack.enter_context(address)
        except OSError as error:
            refuse(f"can't listen on {host}:{port}: {error.strerror}")
        typer.echo(f"Open {url} in a browser; press Ctrl-C to stop")
        if bot:
            os.environ["ATTRAI_TELEGRAM_API_URL"] = url
            os.environ["ATTRAI_TELEGRAM_TOKEN"] = sandbox.token
            bot_command(context, embedded=True, log_format=log_format)
        else:
            shutdown = shutdown_of(context)
            shutdown.set_grace_period()
            shutdown.wait()


def sweep_command(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Sweep once and exit.")] = False,  # noqa: FBT002 - as above
    log_format: LogFormatOption = None,
) -> None:
    """Answer overdue jobs with a failure message, and delete files that belong to no job."""
    from attrai.processes import sweeper  # noqa: PLC0415 - keeps --help fast
    from attrai.processes.startup import configure_logs  # noqa: PLC0415

    shutdown = shutdown_of(context)
    try:
        settings = load_service_settings(**given_log_format(log_format))
        log_handler = configure_logs(settings, "sweep")
        if once:
            overdue, orphans = sweeper.run_once(settings)
            typer.echo(f"{overdue} overdue jobs answered, files of {orphans} jobs deleted")
        else:
            sweeper.run(settings, shutdown, log_handler)
    except (SettingsError, CannotStart) as error:
        refuse(str(error))


def forward_command(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            parser=parse_folder,
            help="Where *.log are, each named by its service.",
        ),
    ],
    log_format: LogFormatOption = None,
) -> None:
    """Forward the logs of RabbitMQ and Redis, which write them to files, to Graylog."""
    from attrai.processes import forwarder  # noqa: PLC0415 - keeps --help fast
    from attrai.processes.startup import configure_logs  # noqa: PLC0415

    try:
        settings = load_service_settings(**given_log_format(log_format))
        configure_logs(settings, "forwarder")
        forwarder.run(settings, folder, shutdown_of(context))
    except (SettingsError, CannotStart) as error:
        refuse(str(error))


def health_command(
    versions: Annotated[  # noqa: FBT002 - as above
        bool,
        typer.Option(
            "--versions",
            help="Print the versions of the libraries that read people's files instead.",
        ),
    ] = False,
) -> None:
    """Check that this container's workers are alive: exits with 0, or with 1 and a reason."""
    if versions:
        from attrai.images.versions import decoder_versions  # noqa: PLC0415 - as above

        for name, version in decoder_versions().items():
            typer.echo(f"{name} {version}")
        return
    from attrai import health  # noqa: PLC0415 - as above

    if problem := health.problem():
        typer.echo(problem, err=True)
        raise typer.Exit(FAILED)
