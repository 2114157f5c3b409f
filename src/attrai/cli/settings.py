"""Settings for commands, which refuse wrong ones and warn of misspelt names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from attrai.cli.console import refuse, warn
from attrai.env_file import find_env_file
from attrai.errors import SettingsError
from attrai.origins import find_unknown
from attrai.settings import Settings, load_service_settings, load_settings


def service_settings() -> Settings:
    """Return the settings of the service, which are also read from `.env`."""
    return _settings(load_service_settings, find_env_file)


def local_settings(**given: str) -> Settings:
    """Return the settings of a command that works on files and may run in a stranger's folder.

    Args:
        given: settings by name that take precedence, from the command line.
    """
    return _settings(partial(load_settings, **given), lambda: None)


def _settings(load: Callable[[], Settings], env_file: Callable[[], Path | None]) -> Settings:
    try:
        settings = load()
        unknown = find_unknown(env_file())
    except SettingsError as error:
        refuse(str(error))
    for name in unknown:
        warn(str(name))
    return settings
