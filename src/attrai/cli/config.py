"""The command `attrai config`, which shows the settings in force and where they come from."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from attrai.cli.console import USAGE, complain, output_console, refuse, warn
from attrai.cli.options import json_option
from attrai.env_file import find_env_file
from attrai.errors import SettingsError
from attrai.origins import DEFAULT, Setting, Unknown, find_unknown, read_origins
from attrai.printable import printable
from attrai.settings import WrongSetting, try_settings, variable_of


def config_command(
    as_json: Annotated[  # noqa: FBT002 - Typer passes it by keyword
        bool, json_option()
    ] = False,
) -> None:
    """Show each setting of the service, where it comes from, and which names are misspelt.

    What is or may contain a secret is not shown. Exits with 2 if a setting is wrong.
    """
    try:
        env_file = find_env_file()
        _, wrong = try_settings(env_file)
    except SettingsError as error:
        refuse(str(error))
    settings, unknown = read_origins(env_file), find_unknown(env_file)
    if as_json:
        sys.stdout.write(json.dumps(_as_json(settings, wrong, unknown), indent=2) + "\n")
    else:
        output_console().print(_table(settings, {one.name for one in wrong}))
        for problem in wrong:
            complain(str(problem))
        for name in unknown:
            warn(str(name))
    if wrong:
        raise typer.Exit(USAGE)


def _as_json(
    settings: Sequence[Setting], wrong: Sequence[WrongSetting], unknown: Sequence[Unknown]
) -> dict[str, object]:
    return {
        "settings": [
            {
                "variable": variable_of(setting.name),
                "value": setting.value,
                "hidden": setting.hidden,
                "origin": setting.origin,
            }
            for setting in settings
        ],
        "wrong": [
            {"variable": variable_of(problem.name), "reason": problem.reason} for problem in wrong
        ],
        "unknown": [name._asdict() for name in unknown],
    }


def _table(settings: Sequence[Setting], wrong: set[str]) -> Table:
    rows = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rows.add_column("Setting", no_wrap=True)
    rows.add_column("Value", overflow="fold")
    rows.add_column("From", overflow="fold")
    for setting in settings:
        value = "set" if setting.hidden else printable(setting.value or "none")
        style = "dim" if setting.origin == DEFAULT else ""
        rows.add_row(
            Text(variable_of(setting.name)),
            Text(value),
            Text(printable(setting.origin)),
            style="red" if setting.name in wrong else style,
        )
    return rows
