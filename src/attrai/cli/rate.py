"""`attrai rate`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from attrai import logs
from attrai.cli.console import FAILED, add_bar, output_console, progress_bars, refuse, shutdown_of
from attrai.errors import SettingsError
from attrai.lifecycle.shutdown import Shutdown
from attrai.rating import report
from attrai.rating.paths import SUFFIX, Outcome, Task, plan
from attrai.render import UnknownRenderer, UnusableRenderer, load_renderer, renderer_names
from attrai.settings import Settings, load_settings


def rate_command(
    context: typer.Context,
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
        refuse(str(error))
    logs.configure(settings.log_level, sys.stderr)
    shutdown = shutdown_of(context)
    shutdown.be_graceful()

    started = time.monotonic()
    tasks, barren = plan(paths, output)
    order = {task.source: place for place, task in enumerate(tasks)}
    outcomes = iter(barren)
    if tasks:
        threads = jobs or os.cpu_count() or 1
        outcomes = chain(barren, _rate(tasks, settings, renderer, threads, shutdown))
    done = _show_progress(outcomes, len(tasks) + len(barren), shutdown, as_json=as_json)

    if not as_json:
        # As on the command line, whatever was ready first.
        done.sort(key=lambda outcome: order.get(outcome.source, len(order)))
        console = output_console()
        console.print(report.table(done))
        console.print(report.summary(done, time.monotonic() - started))
    if any(outcome.failure for outcome in done):
        raise typer.Exit(FAILED)


def _rate(
    tasks: list[Task], settings: Settings, renderer: str, threads: int, shutdown: Shutdown
) -> Iterator[Outcome]:
    # Importing the networks takes seconds that `attrai --help` need not wait for.
    from attrai.rating.rate import rate  # noqa: PLC0415
    from attrai.scoring.weights_file import WeightsError  # noqa: PLC0415

    try:
        yield from rate(tasks, settings, renderer, shutdown, threads=threads)
    except WeightsError as error:
        refuse(str(error))


def _show_progress(
    outcomes: Iterator[Outcome], total: int, shutdown: Shutdown, *, as_json: bool
) -> list[Outcome]:
    """Show the outcomes as they come, and return those that came."""
    done: list[Outcome] = []
    with progress_bars(shutdown) as progress:
        advance = add_bar(progress, "Rating", total)
        for outcome in outcomes:
            done.append(outcome)
            advance(1)
            if as_json:
                sys.stdout.write(json.dumps(report.as_json(outcome)) + "\n")
                sys.stdout.flush()
        if shutdown.requested:
            progress.console.print(f"Stopped after {len(done)} of {total} photos.")
    return done
