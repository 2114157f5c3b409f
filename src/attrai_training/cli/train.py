"""The commands `attrai train`, `attrai train distil` and `attrai train generate-faces`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
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
from attrai.cli.settings import local_settings
from attrai.errors import SettingsError
from attrai.printable import printable
from attrai.settings import load_settings
from attrai_training.cli.evaluate import (
    DATA,
    PLOTS,
    RATINGS,
    require_charts,
    require_training,
    show,
)
from attrai_training.errors import LabelsError, UnusableTeacher

if TYPE_CHECKING:
    from attrai_training.sources import Bar
    from attrai_training.trainer import Trainer

_option = partial(typer.Option, show_default=False)
_folder = partial(_option, metavar="DIR", exists=True, file_okay=False)
OUT = _option("--out", metavar="FILE", dir_okay=False, help="File to write the weights to.")
_INIT = typer.Option(
    metavar="packaged|FILE", help="The weights to start from: a file, or the packaged ones."
)
_FOLDS = typer.Option(
    "--folds",
    help="Cross-validate with five folds of people, and print how well that does, instead of"
    " writing weights.",
)
TEACHERS = _folder(
    "--teachers",
    help="Networks that know faces, to learn from: a folder with dlib's"
    " face_resnet29_embedding.safetensors, and faceres.json and faceres.bin of the npm package"
    " @vladmandic/human.",
)
Also = Annotated[
    list[str] | None,
    _option(
        metavar="DIR[:COLUMN]",
        help="Further rated photos, by other raters and on any scale: a folder with a labels.csv,"
        " and the name of its column if that is not score. Can be repeated.",
    ),
]
Unrated = Annotated[
    Path | None,
    _folder(
        help="More photos of faces, without ratings, such as those of"
        " `attrai train generate-faces`."
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Random seed.")]
Cache = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        file_okay=False,
        help="Folder for what can be used again, and for checkpoints of an interrupted run.",
    ),
]
CACHE = Path.home() / ".cache" / "attrai"

app = typer.Typer(invoke_without_command=True, add_completion=False)


@app.callback()
def train_command(  # noqa: PLR0913, PLR0917 - a parameter is an option
    context: typer.Context,
    data: Annotated[Path | None, DATA] = None,
    ratings: Annotated[Path | None, RATINGS] = None,
    out: Annotated[Path | None, OUT] = None,
    init: Annotated[str, _INIT] = "packaged",
    folds: Annotated[bool, _FOLDS] = False,  # noqa: FBT002 - Typer passes it by name
    plots: Annotated[Path | None, PLOTS] = None,
    also: Also = None,
    unrated: Unrated = None,
    teachers: Annotated[Path | None, TEACHERS] = None,
    steps: Annotated[
        int | None, _option(min=1, help="Number of batches; by default three for four photos.")
    ] = None,
    seed: Seed = 0,
    cache: Cache = CACHE,
) -> None:
    """Train a scorer on labelled photos: from ratings to a weights file.

    It learns the ratings, and pseudo labels that regression on what the teachers see predicts from
    the ratings of similar faces. Without --teachers the initial weights are their own. Set
    ATTRAI_WEIGHTS to the file to serve it.
    """
    if context.invoked_subcommand:
        return
    if data is None:
        refuse("train needs --data DIR, the labelled photos")
    if bool(out) == folds:
        refuse("train needs either --out FILE for the weights, or --folds to cross-validate")
    if plots and out:
        refuse("--plots shows a cross-validation: give it with --folds")
    require_charts(plots)
    with _open(context) as bar:
        from attrai.scoring import PACKAGED  # noqa: PLC0415 - as in _open
        from attrai_training.evaluation import ratings_in  # noqa: PLC0415
        from attrai_training.packaging import read_network  # noqa: PLC0415
        from attrai_training.sources import Sources  # noqa: PLC0415
        from attrai_training.trainer import Trainer, finetuning  # noqa: PLC0415

        if out:
            # Now rather than after hours.
            out.parent.mkdir(parents=True, exist_ok=True)
        sources = Sources(data, ratings or ratings_in(data), collections(also), unrated)
        network = read_network(PACKAGED if init == "packaged" else Path(init))
        trainer = Trainer(sources, network, teachers, cache, load_settings(), bar)
        config = finetuning(steps or trainer.usual_steps, seed)
        if out:
            photos = trainer.train(config, out)
            _tell(photos, trainer, out, f"serve them by ATTRAI_WEIGHTS={out}")
        else:
            show(trainer.cross_validate(config), trainer.faces.problems, plots)


@app.command(name="distil")
def distil_command(  # noqa: PLR0913, PLR0917 - a parameter is an option
    context: typer.Context,
    teachers: Annotated[Path, TEACHERS],
    out: Annotated[Path, OUT],
    also: Also = None,
    unrated: Unrated = None,
    steps: Annotated[int, typer.Option(min=1, help="Number of batches.")] = 1600,
    seed: Seed = 0,
    cache: Cache = CACHE,
) -> None:
    """Distil face networks into a ResNet34, initialised from dlib's network.

    Trains it to describe faces as they do, on the photos of --also and --unrated; no ratings are
    used. The file is for `attrai train --init`.
    """
    if not (also or unrated):
        refuse("distil needs photos of faces: --unrated DIR, or --also DIR")
    with _open(context) as bar:
        from attrai_training.sources import Sources  # noqa: PLC0415
        from attrai_training.trainer import Trainer, distillation  # noqa: PLC0415

        out.parent.mkdir(parents=True, exist_ok=True)
        sources = Sources(None, None, collections(also), unrated)
        trainer = Trainer(sources, None, teachers, cache, load_settings(), bar)
        photos = trainer.distil(distillation(steps, seed), out)
        _tell(photos, trainer, out, f"go on from them by attrai train --init {out}")


@app.command(name="generate-faces")
def generate_faces_command(
    context: typer.Context,
    generator: Annotated[
        Path,
        _folder("--generator", help="The folder random_face/data of the package random_face."),
    ],
    out: Annotated[
        Path, _option("--out", metavar="DIR", file_okay=False, help="Folder for the photos.")
    ],
    count: Annotated[int, typer.Option(min=1, help="Number of photos.")] = 4096,
    seed: Seed = 0,
) -> None:
    """Draw photos of people who don't exist, for `attrai train distil --unrated`.

    Run again, it continues after the photos that are already there.
    """
    with _open(context) as bar:
        from attrai_training.synthetic import FaceGenerator, generate_faces  # noqa: PLC0415

        generate_faces(FaceGenerator(generator), count, seed, out, bar("Generating faces", count))
        typer.echo(f"{count:,} photos in {printable(out)}")


def collections(also: Sequence[str] | None) -> list[tuple[Path, str]]:
    """Split each DIR:COLUMN, where DIR may contain colons too."""
    found = []
    for text in also or ():
        folder, colon, column = text.rpartition(":")
        whole = not colon or Path(text).is_dir()
        found.append((Path(text), "score") if whole else (Path(folder), column))
    return found


def _tell(photos: int, trainer: Trainer, out: Path, use: str) -> None:
    from attrai_training.evaluation.report import left_out  # noqa: PLC0415 - as in _open

    console = output_console()
    for line in left_out(f"{photos:,} photos learnt from", trainer.faces.problems):
        console.print(line)
    typer.echo(printable(f"Weights in {out}; {use}"))


@contextmanager
def _open(context: typer.Context) -> Iterator[Bar]:
    """Show progress bars, and turn errors into one line.

    A shutdown request ends the process at once, with one line on stderr. Files are written
    atomically, so the same command resumes from there.
    """
    require_training("train", "torch")
    # Importing torch takes seconds, for which `attrai --help` shouldn't wait.
    from attrai.scoring.weights_file import WeightsError  # noqa: PLC0415

    shutdown = shutdown_of(context)
    try:
        settings = local_settings()
        logs.configure(settings.log_level, sys.stderr, log_format=settings.log_format)
        with progress_bars(shutdown) as progress, shutdown.calling(_tell_stopped):
            seen = progress.console.is_terminal
            yield partial(add_bar, progress) if seen else add_lines
    except (SettingsError, LabelsError, WeightsError, UnusableTeacher) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename}: {(error.strerror or str(error)).lower()}")


def _tell_stopped() -> None:
    typer.echo("Stopped; the same command goes on from here.", err=True)
