"""The monitoring commands: `attrai status` and `attrai stats`."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live

from attrai.cli.console import FAILED, output_console, refuse, shutdown_of
from attrai.cli.options import json_option
from attrai.cli.settings import service_settings
from attrai.printable import printable
from attrai.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

    from attrai.ledger.history import History

#: Seconds between two snapshots.
_REFRESH = 2


def status_command(
    context: typer.Context,
    watch: Annotated[  # noqa: FBT002 - Typer passes it by keyword
        bool, typer.Option("--watch", help=f"Refresh every {_REFRESH} s until Ctrl-C.")
    ] = False,
    as_json: Annotated[  # noqa: FBT002 - as above
        bool, json_option("; with --watch, one object per line")
    ] = False,
) -> None:
    """Show each stage's queue and workers, the bottleneck, and how to relieve it.

    Exits with 1 if RabbitMQ or Redis can't be reached; data from the other is still shown.
    """
    from attrai.monitoring import snapshot, status  # noqa: PLC0415
    from attrai.monitoring.queues import RabbitQueues  # noqa: PLC0415
    from attrai.services import make_ledger  # noqa: PLC0415 - keeps --help fast

    settings = service_settings()
    console = output_console()
    console.width = max(console.width, status.MIN_WIDTH)
    redis = _redis(settings)
    ledger = make_ledger(redis, settings)
    queues = RabbitQueues(settings.broker_url.get_secret_value())

    def look() -> snapshot.Snapshot:
        return snapshot.take(redis, ledger, queues)

    with redis, _silenced("pika"):  # the snapshot reports connection errors
        if not watch:
            seen = look()
            if as_json:
                sys.stdout.write(json.dumps(status.as_json(seen), indent=2) + "\n")
            else:
                console.print(status.table(seen))
            raise typer.Exit(FAILED if seen.faults else 0)
        shutdown = shutdown_of(context)
        shutdown.set_grace_period()
        if as_json:
            while not shutdown.requested:
                sys.stdout.write(json.dumps(status.as_json(look())) + "\n")
                sys.stdout.flush()
                shutdown.wait(_REFRESH)
            return
        with Live(status.table(look()), console=console, auto_refresh=False) as live:
            while not shutdown.wait(_REFRESH):
                live.update(status.table(look()), refresh=True)


@contextmanager
def _silenced(library: str) -> Iterator[None]:
    """Suppress a library's log messages, except critical ones, during the block."""
    logger = logging.getLogger(library)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def stats_command(
    days: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of days, up to today; all by default.", show_default=False
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            help="Save charts as a .png, .svg or .pdf file.",
            show_default=False,
        ),
    ] = None,
    as_csv: Annotated[  # noqa: FBT002 - as above
        bool, typer.Option("--csv", help="Print CSV, one line per day.")
    ] = False,
    as_json: Annotated[  # noqa: FBT002 - as above
        bool, json_option()
    ] = False,
) -> None:
    """Show users and photos per day, answer times, outcomes and scores."""
    from redis import RedisError  # noqa: PLC0415 - keeps --help fast

    from attrai.ledger.history import read_history  # noqa: PLC0415
    from attrai.monitoring import bars, tables  # noqa: PLC0415
    from attrai.outages import redis_reason  # noqa: PLC0415

    try:
        with _redis(service_settings()) as redis:
            history = read_history(redis, days)
    except RedisError as error:
        refuse(f"Redis is down: {redis_reason(error)}", FAILED)
    if plot:
        _plot(history, plot)
    if as_csv:
        sys.stdout.write(tables.as_csv(history))
    elif as_json:
        sys.stdout.write(json.dumps(tables.as_json(history)) + "\n")
    elif plot:
        typer.echo(f"Charts saved as {printable(plot)}")
    else:
        console = Console()
        console.print(bars.page(history, console.width))


def _plot(history: History, file: Path) -> None:
    try:
        from attrai.monitoring.charts import save  # noqa: PLC0415 - an extra
    except ImportError:
        refuse("charts need one more package: pip install 'attrai[charts]'")
    try:
        save(history, file)
    except ValueError:
        refuse(f"{file}: the name must end in .png, .svg or .pdf")
    except OSError as error:
        refuse(f"{file}: {error.strerror}")


def _redis(settings: Settings) -> Redis:
    """Return a Redis client that doesn't retry."""
    from attrai.services import open_redis  # noqa: PLC0415 - keeps --help fast

    try:
        return open_redis(settings, retries=0)
    except ValueError:  # its message may contain part of the password
        refuse("ATTRAI_REDIS_URL is not the URL of a Redis server")
