"""The command `attrai rate`, which rates photos given as files, folders or patterns."""

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
from attrai.cli.options import (
    LogFormatOption,
    given_log_format,
    jobs_option,
    json_option,
    parse_folder,
    parse_path,
)
from attrai.cli.settings import local_settings
from attrai.errors import CannotStart, SettingsError
from attrai.lifecycle.shutdown import Shutdown
from attrai.rating import report
from attrai.rating.paths import SUFFIX, Result, Task, expand_paths
from attrai.render import (
    Renderer,
    load_renderer,
    renderer_names,
)
from attrai.settings import Settings


def rate_command(  # noqa: PLR0913, PLR0917 - a parameter is an option
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            parser=parse_path,
            help="Photos, folders (with all folders below) or patterns such as 'party/*.jpg'.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            parser=parse_folder,
            help=f"Folder for the pictures; by default they go beside the photos, as NAME{SUFFIX}.",
            show_default=False,
        ),
    ] = None,
    renderer: Annotated[
        str, typer.Option(metavar="NAME", help=f"Drawing style: {', '.join(renderer_names())}.")
    ] = "boxes",
    jobs: Annotated[
        int | None,
        jobs_option("to use"),
    ] = None,
    as_json: Annotated[  # noqa: FBT002 - Typer passes it by keyword
        bool,
        json_option(", one object per photo as soon as it is rated"),
    ] = False,
    log_format: LogFormatOption = None,
) -> None:
    """Rate photos: find the faces, score them, and write a picture of each photo.

    Exits with 1 if a photo could not be rated, and with 2 on wrong usage.
    """
    settings = local_settings(**given_log_format(log_format))
    try:
        drawing = load_renderer(renderer)
    except CannotStart as error:
        refuse(str(error))
    logs.configure(settings.log_level, sys.stderr, log_format=settings.log_format)
    shutdown = shutdown_of(context)
    shutdown.set_grace_period()

    started = time.monotonic()
    tasks, without_photos = expand_paths(paths, output)
    order = {task.source: place for place, task in enumerate(tasks)}
    results = iter(without_photos)
    if tasks:
        threads = jobs or os.cpu_count() or 1
        rated = _rate(tasks, settings, drawing, threads, shutdown)
        results = chain(without_photos, rated)
    total = len(tasks) + len(without_photos)
    done = _show_progress(results, total, shutdown, as_json=as_json)

    if not as_json:
        # In the order of the command line, not of completion.
        done.sort(key=lambda result: order.get(result.source, len(order)))
        console = output_console()
        console.print(report.table(done))
        console.print(report.summary(done, time.monotonic() - started))
    if any(result.failure for result in done):
        raise typer.Exit(FAILED)


def _rate(
    tasks: list[Task], settings: Settings, renderer: Renderer, threads: int, shutdown: Shutdown
) -> Iterator[Result]:
    # Importing the networks takes seconds, which would slow down `attrai --help`.
    from attrai.pipeline import Pipeline  # noqa: PLC0415
    from attrai.rating.batch import rate_files  # noqa: PLC0415

    try:
        pipeline = Pipeline(settings, threads=threads)
    except (SettingsError, CannotStart) as error:
        refuse(str(error))
    yield from rate_files(tasks, pipeline, renderer, shutdown, threads=threads)


def _show_progress(
    results: Iterator[Result], total: int, shutdown: Shutdown, *, as_json: bool
) -> list[Result]:
    """Show progress as results arrive, and return the results."""
    done: list[Result] = []
    with progress_bars(shutdown) as progress:
        advance = add_bar(progress, "Rating", total)
        for result in results:
            done.append(result)
            advance(1)
            if as_json:
                sys.stdout.write(json.dumps(report.as_json(result)) + "\n")
                sys.stdout.flush()
        if shutdown.requested:
            progress.console.print(f"Stopped after {len(done)} of {total} photos.")
    return done
