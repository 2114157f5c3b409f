"""The commands `attrai train`, `attrai train distil` and `attrai train generate-faces`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attrai import logs
from attrai.cli.console import (
    add_bar,
    add_lines,
    output_console,
    progress_bars,
    refuse,
    shutdown_of,
)
from attrai.errors import SettingsError
from attrai.rating.printable import printable
from attrai.settings import load_settings
from attrai_training.cli.evaluate import DATA, require_charts, show
from attrai_training.errors import LabelsError

CACHE = Path.home() / ".cache" / "attrai"

OUT = typer.Option(
    "--out",
    metavar="FILE",
    dir_okay=False,
    help="File to write the weights to.",
    show_default=False,
)
DLIB = typer.Option(
    "--teacher",
    metavar="FILE",
    exists=True,
    dir_okay=False,
    help="dlib's face network, as safetensors.",
    show_default=False,
)
Faceres = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="faceres.json of the npm package @vladmandic/human: a second network that knows"
        " faces.",
        show_default=False,
    ),
]
Unrated = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="More photos of faces to learn from, without ratings, such as those of"
        " `attrai train generate-faces`.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Random seed.")]
Cache = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        file_okay=False,
        help="Folder for crops to use again, and for checkpoints of an interrupted run.",
    ),
]


if TYPE_CHECKING:
    from attrai_training.dataset import Bar
    from attrai_training.loop import TrainConfig
    from attrai_training.teacher_files import TeacherFiles
    from attrai_training.trainer import Trainer

app = typer.Typer(invoke_without_command=True, add_completion=False)


@app.callback()
def train_command(  # noqa: PLR0913, PLR0917 - a parameter is an option
    context: typer.Context,
    data: Annotated[Path | None, DATA] = None,
    out: Annotated[Path | None, OUT] = None,
    init: Annotated[
        str,
        typer.Option(
            metavar="packaged|none|FILE",
            help="Initial weights: a weights file, the packaged one, torchvision's"
            " ResNet34 (.pth), or nothing.",
        ),
    ] = "packaged",
    folds: Annotated[
        int,
        typer.Option(
            min=0,
            max=20,
            help="Cross-validate with this many folds and print the estimates instead of writing"
            " weights.",
            show_default=False,
        ),
    ] = 0,
    plots: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Folder to write plots of the cross-validation to.",
            show_default=False,
        ),
    ] = None,
    every_photo: Annotated[  # noqa: FBT002 - Typer passes it by name
        bool,
        typer.Option(
            "--every-photo",
            help="Learn from photos of the splits val and test too, and go on to the last epoch.",
        ),
    ] = False,
    teacher: Annotated[Path | None, DLIB] = None,
    faceres: Faceres = None,
    unrated: Unrated = None,
    epochs: Annotated[int, typer.Option(min=1, help="Number of passes over the photos.")] = 6,
    seed: Seed = 0,
    cache: Cache = CACHE,
) -> None:
    """Train a scorer on labelled photos: from ratings to a weights file.

    Trains on photos of the split train, and stops early when the split val shows no more progress;
    photos without a split are trained on too. With --teacher it also learns pseudo labels,
    including those of the photos in --unrated, and runs for all epochs. Set ATTRAI_WEIGHTS to the
    file to serve it.
    """
    if context.invoked_subcommand:
        return
    if data is None:
        refuse("train needs --data DIR, the labelled photos")
    if out is None and not folds:
        refuse("train needs --out FILE for the weights, or --folds N to cross-validate")
    if folds and teacher is None:
        refuse("--folds needs --teacher FILE, which tells whose photos are the same person's")
    if (faceres or unrated) and teacher is None:
        refuse("--faceres and --unrated need --teacher FILE, dlib's face network, beside them")
    require_charts(plots)
    with _open_trainer(context, data, unrated, cache) as trainer:
        config = _train_config(epochs, batch=64, rate=2e-4, seed=seed)
        teachers = _teachers(teacher, faceres) if teacher else None
        if folds and teachers:
            evaluation = trainer.cross_validate(init, config, folds, teachers=teachers)
            show(evaluation, trainer.problems, plots)
        elif out:
            photos = trainer.train(init, config, out, teachers=teachers, every_photo=every_photo)
            _tell(photos, trainer, out, f"serve them by ATTRAI_WEIGHTS={out}")


@app.command(name="distil")
def distil_command(  # noqa: PLR0913, PLR0917 - a parameter is an option
    context: typer.Context,
    teacher: Annotated[Path, DLIB],
    data: Annotated[Path, DATA],
    out: Annotated[Path, OUT],
    faceres: Faceres = None,
    unrated: Unrated = None,
    epochs: Annotated[int, typer.Option(min=1, help="Number of passes over the photos.")] = 44,
    seed: Seed = 0,
    cache: Cache = CACHE,
) -> None:
    """Distil face networks into a ResNet34, initialised from dlib's network.

    Trains it to describe faces as they do. Uses no ratings, and only photos of the split train,
    those without a split and those of --unrated. The file is for `attrai train --init`.
    """
    with _open_trainer(context, data, unrated, cache) as trainer:
        config = _train_config(epochs, batch=64, rate=4e-4, seed=seed)
        photos = trainer.distil(_teachers(teacher, faceres), config, out)
        _tell(photos, trainer, out, f"go on from them by attrai train --init {out}")


@app.command(name="generate-faces")
def generate_faces_command(
    context: typer.Context,
    generator: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="The folder random_face/data of the Python package random_face.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Folder to write the photos to.",
            show_default=False,
        ),
    ],
    count: Annotated[int, typer.Option(min=1, help="Number of photos.")] = 4096,
    seed: Seed = 0,
) -> None:
    """Draw photos of people who don't exist, for `attrai train distil --unrated`.

    Run again, it continues after the photos that are already there.
    """
    from attrai_training.synthetic import FaceGenerator, generate_faces  # noqa: PLC0415 - as in _bars

    with _bars(context) as bar:
        generate_faces(FaceGenerator(generator), count, seed, out, bar("Generating faces", count))
        typer.echo(f"{count:,} photos in {printable(out)}")


def _tell(photos: int, trainer: Trainer, out: Path, use: str) -> None:
    from attrai_training.evaluation.report import left_out  # noqa: PLC0415 - as in _bars

    console = output_console()
    for line in left_out(f"{photos:,} photos learnt from", trainer.problems):
        console.print(line)
    typer.echo(printable(f"Weights in {out}; {use}"))


def _teachers(dlib: Path, faceres: Path | None) -> TeacherFiles:
    from attrai_training.teacher_files import TeacherFiles  # noqa: PLC0415 - keeps --help fast

    return TeacherFiles(dlib, faceres)


def _train_config(epochs: int, *, batch: int, rate: float, seed: int) -> TrainConfig:
    from attrai.faces.alignment import CROP_SIDE  # noqa: PLC0415 - keeps --help fast
    from attrai_training.loop import TrainConfig  # noqa: PLC0415 - keeps --help fast

    return TrainConfig(epochs=epochs, batch=batch, rate=rate, side=CROP_SIDE, seed=seed)


@contextmanager
def _open_trainer(
    context: typer.Context, data: Path, unrated: Path | None, cache: Path
) -> Iterator[Trainer]:
    """Open a trainer on the labelled photos, with progress bars and errors as in `_bars`."""
    from attrai_training.trainer import Trainer  # noqa: PLC0415 - as in _bars

    with _bars(context) as bar:
        yield Trainer(data, unrated, cache, load_settings(), os.cpu_count() or 1, bar)


@contextmanager
def _bars(context: typer.Context) -> Iterator[Bar]:
    """Show progress bars, and turn errors into one line.

    A shutdown request ends the process at once, with one line on stderr. Files are written
    atomically, so the same command resumes from there.
    """
    # Importing torch takes seconds, for which `attrai --help` shouldn't wait.
    from attrai.scoring.weights_file import WeightsError  # noqa: PLC0415
    from attrai_training.errors import UnusableTeacher  # noqa: PLC0415

    shutdown = shutdown_of(context)
    try:
        logs.configure(load_settings().log_level, sys.stderr)
        with progress_bars(shutdown) as progress, shutdown.calling(_tell_stopped):
            seen = progress.console.is_terminal
            yield partial(add_bar, progress) if seen else add_lines
    except (SettingsError, LabelsError, WeightsError, UnusableTeacher) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename}: {(error.strerror or str(error)).lower()}")


def _tell_stopped() -> None:
    typer.echo("Stopped; the same command goes on from here.", err=True)
