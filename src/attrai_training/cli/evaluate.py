"""The command `attrai evaluate`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attrai import logs
from attrai.cli.console import FAILED, add_bar, output_console, progress_bars, refuse, shutdown_of
from attrai.cli.settings import local_settings
from attrai.errors import CannotStart, SettingsError
from attrai.printable import printable
from attrai_training.errors import LabelsError

if TYPE_CHECKING:
    from attrai_training.evaluation import Evaluation, LabelProblem

_option = partial(typer.Option, show_default=False)
#: The option `--data`, shared with `attrai train`.
DATA = _option(
    "--data",
    metavar="DIR",
    exists=True,
    file_okay=False,
    help="The labelled photos: a folder with a labels.csv.",
)
#: The option `--ratings`.
RATINGS = _option(
    "--ratings",
    metavar="FILE",
    exists=True,
    dir_okay=False,
    help="Single ratings: a CSV file with the columns photo, rater and rating; by default"
    " ratings.csv or ratings.csv.gz beside labels.csv, if there is one.",
)
#: The option `--plots`.
PLOTS = _option("--plots", metavar="DIR", file_okay=False, help="Folder to write plots to.")
_SCORERS = _option(
    "--scorer",
    metavar="NAME[=FILE]",
    help="An installed scorer, and its weights; by default ATTRAI_SCORER. Several are compared.",
)
_WEIGHTS = _option(
    metavar="FILE", help="The scorer's weights; by default ATTRAI_WEIGHTS, else the packaged ones."
)
_SPLIT = _option(metavar="NAME", help="Only photos of this split; all by default.")
_JSON = typer.Option("--json", help="Print JSON instead of tables.")

app = typer.Typer(add_completion=False)


@app.command(name="evaluate")
def evaluate_command(  # noqa: PLR0913, PLR0917 - a parameter is an option
    context: typer.Context,
    data: Annotated[Path, DATA],
    ratings: Annotated[Path | None, RATINGS] = None,
    scorers: Annotated[list[str] | None, _SCORERS] = None,
    weights: Annotated[Path | None, _WEIGHTS] = None,
    split: Annotated[str | None, _SPLIT] = None,
    plots: Annotated[Path | None, PLOTS] = None,
    as_json: Annotated[bool, _JSON] = False,  # noqa: FBT002 - Typer passes it by name
) -> None:
    """Measure how well one or more scorers agree with people's ratings of photos.

    labels.csv has the columns file and score, the mean rating from 1 to 10; and where they are
    known n1 to n10, gender, ethnicity and split. With single ratings, scores are also compared with
    ratings corrected for who rated. Exits with 1 when photos had to be left out, and with 2 on
    wrong usage or unusable labels.
    """
    require_training("evaluate")
    if plots and len(scorers or []) > 1:
        refuse("--plots draws one scorer, and not a comparison")
    require_charts(plots)
    # Importing the networks takes a second, for which `attrai --help` shouldn't wait.
    from attrai.faces.alignment import CROP_SIDE  # noqa: PLC0415
    from attrai.inference import open_engine  # noqa: PLC0415
    from attrai_training import evaluation as ev  # noqa: PLC0415

    threads = os.cpu_count() or 1
    settings = local_settings()
    try:
        logs.configure(settings.log_level, sys.stderr, log_format=settings.log_format)
        photos, problems = ev.read_labels(data)
        ratings = ratings or ev.ratings_in(data)
        raters = ev.Raters.fit(ev.read_ratings(ratings, photos), photos) if ratings else None
        photos = photos if split is None else ev.of_split(photos, split)
        engine = open_engine(settings.engine, threads)
        opened = ev.open_scorers(scorers or [], weights, settings, engine)
        with progress_bars(shutdown_of(context)) as progress:
            found = add_bar(progress, "Finding faces", len(photos))
            scored = add_bar(progress, "Scoring", len(photos) * len(opened))
            shape = ev.CropShape(CROP_SIDE)
            crops = ev.load_crops(photos, shape, settings, threads=threads, progress=found)
            predictions = {
                name: ev.predict(crops.images, scorer, threads, scored)
                for name, scorer in opened.items()
            }
        evaluations = {
            name: ev.evaluate(found.values, found.spreads, crops.kept, raters)
            for name, found in predictions.items()
        }
    except (LabelsError, SettingsError, CannotStart) as error:
        refuse(str(error))
    problems = sorted([*problems, *crops.problems], key=lambda problem: problem.row)
    if len(evaluations) == 1:
        (evaluation,) = evaluations.values()
        show(evaluation, problems, plots, as_json=as_json)
    else:
        _compare(evaluations, problems, as_json=as_json)
    if problems:
        raise typer.Exit(FAILED)


def _compare(
    evaluations: Mapping[str, Evaluation], problems: Sequence[LabelProblem], *, as_json: bool
) -> None:
    """Print tables or JSON of several scorers."""
    from attrai_training.evaluation import comparison  # noqa: PLC0415 - keeps --help fast

    if as_json:
        typer.echo(comparison.as_json(evaluations, problems))
    else:
        output_console().print(*comparison.tables(evaluations, problems), sep="\n")


def show(
    evaluation: Evaluation,
    problems: Sequence[LabelProblem],
    plots: Path | None,
    *,
    as_json: bool = False,
) -> None:
    """Print tables or JSON, and draw the plots."""
    from attrai_training.evaluation import report  # noqa: PLC0415 - keeps --help fast

    if as_json:
        typer.echo(report.as_json(evaluation, problems))
    else:
        output_console().print(*report.tables(evaluation, problems), sep="\n")
    if plots:
        from attrai_training.evaluation.plots import draw  # noqa: PLC0415 - an extra

        with _writing(plots):
            draw(evaluation, plots)
        if not as_json:
            typer.echo(f"Pictures in {printable(plots)}")


def require_training(command: str, *others: str) -> None:
    """Exit if a package is missing that evaluating needs, or one of those that `command` adds."""
    if not all(map(find_spec, ("scipy", "sklearn", *others))):
        refuse(f"{command} needs more packages: pip install 'attrai[training]'")


def require_charts(plots: Path | None) -> None:
    """Exit if plots are wanted but matplotlib is missing or the folder can't be made."""
    if not plots:
        return
    if not find_spec("matplotlib"):
        refuse("--plots needs one more package: pip install 'attrai[charts]'")
    with _writing(plots):
        plots.mkdir(parents=True, exist_ok=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        refuse(f"can't write to {folder}: {(error.strerror or str(error)).lower()}")
