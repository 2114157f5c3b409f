"""Arguments and options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from attrai.settings import LogFormat

LOG_FORMATS: tuple[str, ...] = get_args(LogFormat)


def jobs_option(purpose: str) -> Any:
    """Return the option `--jobs`, the number of CPU cores for a purpose."""
    return typer.Option(
        "-j",
        "--jobs",
        min=1,
        help=f"Number of CPU cores {purpose}; all by default.",
        show_default=False,
    )


#: Whether all stages run in this process, and on how many cores.
EmbeddedOption = Annotated[
    bool,
    typer.Option("--embedded", help="Run all stages in this process, without RabbitMQ and Redis."),
]
EmbeddedJobsOption = Annotated[int | None, jobs_option("for the embedded stages")]


def json_option(detail: str = "") -> Any:
    """Return the option `--json`, whose help ends with `detail`."""
    return typer.Option("--json", help=f"Print JSON{detail}.")


def parse_log_format(text: str) -> str:
    """Return a format of the log that was given on the command line.

    Raises:
        BadParameter: there is no such format.
    """
    if text not in LOG_FORMATS:
        raise typer.BadParameter(f"choose one of {', '.join(LOG_FORMATS)}")
    return text


#: How log records are written.
LogFormatOption = Annotated[
    str | None,
    typer.Option(
        "--log-format",
        metavar="|".join(LOG_FORMATS),
        parser=parse_log_format,
        help="Lines of JSON, or of text for people; auto, the default, is text on a terminal.",
        show_default=False,
    ),
]


def given_log_format(log_format: str | None) -> dict[str, str]:
    """Return the settings that the option `--log-format` makes."""
    return {} if log_format is None else {"log_format": log_format}


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
