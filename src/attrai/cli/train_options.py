"""Options that commands of `attrai train` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CACHE = Path.home() / ".cache" / "attrai"

OUT = typer.Option(
    "--out", metavar="FILE", dir_okay=False, help="Where the weights go.", show_default=False
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
        help="Further photos of faces to learn from, without ratings, such as `attrai train invent`"
        " makes.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="What chance comes from.")]
Cache = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        file_okay=False,
        help="Where crops are kept for the next time, and an interrupted run to go on.",
    ),
]
