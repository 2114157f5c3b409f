"""The sentences that people read, one Fluent file a language (https://projectfluent.org)."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource

DEFAULT_LOCALE = "en"


@lru_cache
def _bundle(locale: str) -> FluentBundle:
    # No marks around placeholders: terminals show them as boxes.
    bundle = FluentBundle([locale], use_isolating=False)
    source = files(__name__).joinpath(f"{locale}.ftl").read_text("utf-8")
    bundle.add_resource(FluentResource(source))
    return bundle


def text(key: str, /, **values: float | str) -> str:
    """The sentence called `key` with `values` in its placeholders.

    Raises:
        KeyError: there is no such sentence, or a placeholder has no value.
    """
    bundle = _bundle(DEFAULT_LOCALE)
    pattern = bundle.get_message(key).value
    sentence, errors = bundle.format_pattern(pattern, values)  # type: ignore[arg-type]  # a message of attributes alone has no pattern; we have none
    if errors:
        raise KeyError(f"{key}: {errors[0]}")
    return str(sentence)
