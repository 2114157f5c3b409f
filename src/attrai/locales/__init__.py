"""The sentences that people read, one Fluent file a language (https://projectfluent.org)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource

DEFAULT_LOCALE = "en"
#: Seconds from which a time is told in minutes, and from which only every fifth is named.
_MINUTES_FROM, _ROUGH_FROM = 90, 10


@cache
def locales() -> tuple[str, ...]:
    """The languages there are: another one is another file here."""
    found = (file.name.removesuffix(".ftl") for file in files(__name__).iterdir())
    return tuple(sorted(name for name in found if "." not in name and name != "__pycache__"))


def choose_locale(language: str | None) -> str:
    """The language of ours for an IETF tag such as `ru-RU`."""
    primary = (language or "").replace("_", "-").split("-")[0].lower()
    return primary if primary in locales() else DEFAULT_LOCALE


@cache
def _bundle(locale: str) -> FluentBundle:
    # No marks around placeholders: terminals show them as boxes.
    bundle = FluentBundle([locale], use_isolating=False)
    source = files(__name__).joinpath(f"{locale}.ftl").read_text("utf-8")
    bundle.add_resource(FluentResource(source))
    return bundle


def text(key: str, locale: str = DEFAULT_LOCALE, /, **values: float | str) -> str:
    """The sentence called `key` in a language of ours, with `values` in its placeholders.

    Raises:
        KeyError: there is no such sentence, or a placeholder has no value.
    """
    bundle = _bundle(choose_locale(locale))
    pattern = bundle.get_message(key).value
    sentence, errors = bundle.format_pattern(pattern, values)  # type: ignore[arg-type]  # a message of attributes alone has no pattern; we have none
    if errors:
        raise KeyError(f"{key}: {errors[0]}")
    return str(sentence)


def duration(seconds: float, locale: str = DEFAULT_LOCALE, /) -> str:
    """A time as people say it, in whole seconds or minutes: after "in about"."""
    whole = max(1, round(seconds))
    if whole < _MINUTES_FROM:
        count = whole if whole <= _ROUGH_FROM else -(-whole // 5) * 5
        return text("wait-seconds", locale, count=count)
    return text("wait-minutes", locale, count=-(-whole // 60))
