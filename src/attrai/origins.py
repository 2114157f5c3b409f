"""Where each setting in force comes from, and which names are misspelt."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, SecretsSettingsSource

from attrai.settings import PREFIX, Settings, trim, variable_of

#: Variables of the files in deploy/, beside the settings.
_DEPLOYMENT = frozenset({"ATTRAI_IMAGE"})
#: How similar a name is to what it was meant to be, from 0 to 1: one that begins with ATTRAI_, and
#: one that may be of another program.
_OURS, _ANY = 0.5, 0.9

ENVIRONMENT, DEFAULT = "environment", "default"


class Setting(NamedTuple):
    """A setting in force."""

    name: str
    #: The value as it was given, or the default; None if there is none, or if it is hidden.
    value: str | None
    #: The environment, a file's path, or the default.
    origin: str
    #: Whether the value is a secret or may contain one.
    hidden: bool


class Unknown(NamedTuple):
    """A name that is no setting but looks like one."""

    name: str
    origin: str
    suggestion: str | None

    def __str__(self) -> str:
        """Say what was meant. The value, which may be a secret, is not known here."""
        where = "" if self.origin == ENVIRONMENT else f" in {self.origin}"
        meant = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.name}: unknown{where}{meant}"


def read_origins(env_file: Path | None) -> list[Setting]:
    """Return all settings with their origins, whether or not their values are valid.

    The secret files must be readable.
    """
    secrets = Settings.model_config.get("secrets_dir")
    # In the order in which Settings prefers them.
    sources = (
        (ENVIRONMENT, EnvSettingsSource(Settings)()),
        (str(env_file), DotEnvSettingsSource(Settings, env_file)()),
        (str(secrets), SecretsSettingsSource(Settings)()),
    )
    return [_setting(name, sources) for name in Settings.model_fields]


def _setting(name: str, sources: tuple[tuple[str, dict[str, object]], ...]) -> Setting:
    field = Settings.model_fields[name]
    given = next(((place, values[name]) for place, values in sources if name in values), None)
    if given is None or (value := trim(given[1])) == "":
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        return Setting(name, None if default is None else str(default), DEFAULT, hidden=False)
    origin = given[0]
    if origin == str(Settings.model_config.get("secrets_dir")):
        origin = f"{origin}/{variable_of(name).lower()}"
    return Setting(name, str(value) if field.repr else None, origin, hidden=not field.repr)


def find_unknown(env_file: Path | None) -> list[Unknown]:
    """Return the names in the environment, in `.env` and of secret files that look misspelt."""
    return [
        Unknown(name, origin, suggestion)
        for origin, name, meant in _names(env_file)
        for suggestion in _suggestions(name, meant)
    ]


def _names(env_file: Path | None) -> Iterator[tuple[str, str, set[str]]]:
    """Yield places, the names there, and those that may be there."""
    variables = {variable_of(name) for name in Settings.model_fields}
    for name in sorted(os.environ):
        yield ENVIRONMENT, name, variables | _DEPLOYMENT
    if env_file is not None:
        for name in dotenv_values(env_file, interpolate=False, encoding="utf-8-sig"):
            yield str(env_file), name, variables | _DEPLOYMENT
    secrets = Settings.model_config.get("secrets_dir")
    if isinstance(secrets, Path):
        for name in sorted(file.name for file in secrets.iterdir()):
            yield str(secrets), name, {variable.lower() for variable in variables}


def _suggestions(name: str, known: set[str]) -> list[str | None]:
    """Return what a name may have been meant to be, or nothing if it is as it should be."""
    name, by_capitals = name.upper(), {one.upper(): one for one in known}
    if name in by_capitals:
        return []
    if not name.startswith(PREFIX):
        return [by_capitals[one] for one in get_close_matches(name, by_capitals, 1, _ANY)]
    # Compared without what all have in common.
    ends = [one.removeprefix(PREFIX) for one in by_capitals]
    close = get_close_matches(name.removeprefix(PREFIX), ends, 1, _OURS)
    return [by_capitals[PREFIX + close[0]] if close else None]
