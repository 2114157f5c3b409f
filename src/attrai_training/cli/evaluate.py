"""The command `attrai evaluate`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attrai import logs
from attrai.cli.console import FAILED, add_bar, output_console, progress_bars, refuse, shutdown_of
from attrai.errors import SettingsError
from attrai.lifecycle.shutdown import Shutdown
from attrai.rating.printable import printable
from attrai.settings import load_settings
from attrai_training.errors import LabelsError

if TYPE_CHECKING:
    from attrai_training.evaluation import Assessment, LabelProblem

#: The option `--data`, shared with `attrai train`.
DATA = typer.Option(
    "--data",
    metavar="DIR",
    exists=True,
    file_okay=False,
    help="The labelled photos: a folder with a labels.csv.",
    show_default=False,
)


app = typer.Typer(add_completion=False)


@app.command(name="evaluate")
def evaluate_command(
    context: typer.Context,
    data: Annotated[Path, DATA],
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The scorer; by default ATTRAI_WEIGHTS, else the packaged one.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Only photos of this split; all by default.",
            show_default=False,
        ),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", file_okay=False, help="Folder to write plots to.", show_default=False
        ),
    ] = None,
    as_json: Annotated[  # noqa: FBT002 - Typer passes it by name
        bool, typer.Option("--json", help="Print JSON instead of tables.")
    ] = False,
) -> None:
    """Measure how well a scorer agrees with people's ratings of photos.

    labels.csv has the columns file and score, the mean rating from 1 to 10; and where they are
    known n1 to n10, gender, ethnicity and split. Exits with 1 when photos had to be left out, and
    with 2 on wrong usage or unusable labels.
    """
    require_charts(plots)
    assessment, problems = _assess(data, split, weights, shutdown_of(context))
    if as_json:
        from attrai_training.evaluation import report  # noqa: PLC0415 - as in _assess

        typer.echo(json.dumps(report.as_json(assessment, problems)))
        if plots:
            _draw(assessment, plots)
    else:
        show(assessment, problems, plots)
    if problems:
        raise typer.Exit(FAILED)


def show(assessment: Assessment, problems: Sequence[LabelProblem], plots: Path | None) -> None:
    """Print the tables and draw the plots."""
    from attrai_training.evaluation import report  # noqa: PLC0415 - keeps --help fast

    console = output_console()
    for part in report.tables(assessment.evaluation, problems):
        console.print(part)
    if plots:
        _draw(assessment, plots)
        typer.echo(f"Pictures in {printable(plots)}")


def require_charts(plots: Path | None) -> None:
    """Exit if plots are wanted but matplotlib is missing or the folder can't be made."""
    if not plots:
        return
    if not find_spec("matplotlib"):
        refuse("--plots needs one more package: pip install 'attrai[charts]'")
    with _writing(plots):
        plots.mkdir(parents=True, exist_ok=True)


def _assess(
    data: Path, split: str | None, weights: Path | None, shutdown: Shutdown
) -> tuple[Assessment, list[LabelProblem]]:
    """Evaluate the scorer, and return the assessment and every row that was left out."""
    # Importing the networks takes a second, for which `attrai --help` shouldn't wait.
    from attrai.scoring import PACKAGED  # noqa: PLC0415
    from attrai.scoring.weights_file import WeightsError  # noqa: PLC0415
    from attrai_training.evaluation import assess, of_split, read_labels  # noqa: PLC0415

    try:
        settings = load_settings()
        logs.configure(settings.log_level, sys.stderr)
        photos, problems = read_labels(data)
        if split is not None:
            photos = of_split(photos, split)
        with progress_bars(shutdown) as progress:
            assessment = assess(
                photos,
                weights or settings.weights or PACKAGED,
                settings,
                threads=os.cpu_count() or 1,
                searched=add_bar(progress, "Finding faces", len(photos)),
                scored=add_bar(progress, "Scoring", len(photos)),
            )
    except (SettingsError, LabelsError, WeightsError) as error:
        refuse(str(error))
    return assessment, sorted([*problems, *assessment.problems], key=lambda problem: problem.row)


def _draw(assessment: Assessment, plots: Path) -> None:
    from attrai_training.evaluation.plots import draw  # noqa: PLC0415 - an extra

    with _writing(plots):
        draw(assessment, plots)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        refuse(f"can't write to {folder}: {(error.strerror or str(error)).lower()}")
