"""Texts for users and operators, in one Fluent file per language (https://projectfluent.org)."""

from __future__ import annotations

import math
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

from babel.dates import format_timedelta
from fluent.runtime import FluentBundle, FluentResource

DEFAULT_LOCALE = "en"
#: Seconds from which durations are given in minutes and in hours, and above which seconds are
#: rounded up to a multiple of 5.
_MINUTES_FROM, _HOURS_FROM, _ROUGH_FROM = 90, 3 * 3600, 10


@cache
def locales() -> tuple[str, ...]:
    """Return the available languages.

    To add one, add a file to this folder, named by its language code: `de.ftl`. Durations come from
    Babel, which knows the code.
    """
    found = (file.name.removesuffix(".ftl") for file in files(__name__).iterdir())
    return tuple(sorted(name for name in found if "." not in name and name != "__pycache__"))


def choose_locale(language: str | None) -> str:
    """Return the available language for an IETF tag such as `ru-RU`, English if there is none.

    Regions and scripts don't matter: whoever reads Portuguese of Portugal or traditional Chinese
    understands ours better than English.
    """
    primary = (language or "").replace("_", "-").split("-")[0].lower()
    return primary if primary in locales() else DEFAULT_LOCALE


@cache
def _bundle(locale: str) -> FluentBundle:
    # No isolation marks around every placeholder: terminals show them as boxes, and only a language
    # that is written from right to left needs some, which its file has where they matter.
    bundle = FluentBundle([locale], use_isolating=False)
    source = files(__name__).joinpath(f"{locale}.ftl").read_text("utf-8")
    bundle.add_resource(FluentResource(source))
    return bundle


def text(key: str, locale: str = DEFAULT_LOCALE, /, **values: float | str) -> str:
    """Return the text `key` in an available language, with `values` in its placeholders.

    Raises:
        KeyError: the text doesn't exist, or a placeholder has no value.
    """
    bundle = _bundle(choose_locale(locale))
    pattern = bundle.get_message(key).value
    sentence, errors = bundle.format_pattern(pattern, values)  # type: ignore[arg-type]  # a message of attributes alone has no pattern; we have none
    if errors:
        raise KeyError(f"{key}: {errors[0]}")
    return str(sentence)


def duration(seconds: float, locale: str = DEFAULT_LOCALE, /) -> str:
    """Return a rounded duration such as "20 seconds", in the nominative where that matters."""
    return _format_seconds(seconds, locale)


def time_until(seconds: float, locale: str = DEFAULT_LOCALE, /) -> str:
    """Return a rounded duration from now such as "in 20 seconds"."""
    return _format_seconds(seconds, locale, from_now=True)


def _format_seconds(seconds: float, locale: str, *, from_now: bool = False) -> str:
    whole = max(1, round(seconds))
    unit: Literal["second", "minute", "hour"]
    if whole < _MINUTES_FROM:
        unit, rounded = "second", whole if whole <= _ROUGH_FROM else -(-whole // 5) * 5
    elif whole < _HOURS_FROM:
        unit, rounded = "minute", -(-whole // 60) * 60
    else:
        unit, rounded = "hour", -(-whole // 3600) * 3600
    return format_timedelta(
        timedelta(seconds=rounded),
        granularity=unit,
        threshold=math.inf,  # never a larger unit, which would be rounded again
        add_direction=from_now,
        locale=choose_locale(locale),
    )
