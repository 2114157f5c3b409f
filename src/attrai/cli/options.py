"""Arguments and options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import typer


def jobs_option(purpose: str) -> Any:
    """Return the option `--jobs`, the number of CPU cores for a purpose."""
    return typer.Option(
        "-j",
        "--jobs",
        min=1,
        help=f"Number of CPU cores {purpose}; all by default.",
        show_default=False,
    )


def json_option(detail: str = "") -> Any:
    """Return the option `--json`, whose help ends with `detail`."""
    return typer.Option("--json", help=f"Print JSON{detail}.")


def parse_path(text: str) -> str:
    """Return a path that was given on the command line.

    Raises:
        BadParameter: it is empty, and would mean the current folder to pathlib.
    """
    if not text:
        raise typer.BadParameter("the path is empty")
    return text


def parse_folder(text: str) -> Path:
    """Return a folder for output, which need not exist yet.

    Raises:
        BadParameter: the path is empty, or something else is there.
    """
    folder = Path(parse_path(text))
    # These functions, unlike pathlib's, also take a name that is too long to exist.
    if os.path.exists(folder) and not os.path.isdir(folder):  # noqa: PTH110, PTH112 - see above
        raise typer.BadParameter("this is no folder")
    return folder
