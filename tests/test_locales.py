"""Texts: every failure has one in every language, and placeholders are always filled."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor
from hypothesis import given
from hypothesis import strategies as st

import attrai.locales
from attrai import errors
from attrai.bot.menu import MENUS
from attrai.locales import DEFAULT_LOCALE, choose_locale, duration, locales, text, time_until
from attrai.render import renderer_names

DETAILS = {
    "source-unreadable": {"reason": "permission denied"},
    "file-too-large": {"limit_mb": 20},
    "too-many-pixels": {"limit_megapixels": 50},
    "too-small": {"limit": 64},
    "undeliverable": {"reason": "no space left on device"},
}


CODES = [error.code for error in errors.UserError.__subclasses__()]


@pytest.mark.parametrize("code", [*CODES, errors.INTERNAL.code, errors.TIMED_OUT.code])
def test_every_failure_has_a_sentence(code: str) -> None:
    """Each failure's text contains the failure's details."""
    details = DETAILS.get(code, {})
    sentence = text(code, **details)
    assert sentence.endswith(".")
    assert all(str(value) in sentence for value in details.values())


def test_missing_value() -> None:
    """A placeholder without a value raises."""
    with pytest.raises(KeyError, match="too-small"):
        text("too-small")


def test_missing_text() -> None:
    """A key without a text raises."""
    with pytest.raises(LookupError):
        text("no-such-text")


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize(
    "code", [*CODES, "internal", "timed-out", "user-busy", "busy", "daily-limit"]
)
def test_every_failure_in_every_language(code: str, locale: str) -> None:
    """Each failure has a text in each language."""
    assert text(code, locale, **SAMPLES).strip()


@pytest.mark.parametrize("locale", locales())
def test_every_command_and_style(locale: str) -> None:
    """Menu commands and built-in renderers have descriptions in each language."""
    for command in {command for menu in MENUS.values() for command in menu}:
        assert 3 <= len(text(f"command-{command}", locale)) <= 256
        assert _words(locale, f"command-{command}") == set()
    for name in renderer_names():
        assert text(f"style-{name}", locale)


#: A value for every placeholder of any text.
SAMPLES: dict[str, float | str] = {
    "reason": "permission denied",
    "limit_mb": 20,
    "limit_megapixels": 50,
    "limit": 64,
    "wait": "1 minute",
    "when": "in 1 minute",
    "score": 7.24,
    "count": 3,
    "scores": "7.2; 6.1",
    "found": 60,
    "shown": 50,
    "photos": 2,
    "number": 3,
    "which": "Photo 3",
    "words": "No face found.",
    "styles": "boxes",
    "default": "boxes",
    "name": "boxes",
    "style": "a box for each face",
    "stage": "detect",
    "stages": "detect, score",
    "waiting": 3,
    "workers": 2,
    "needed": 4,
    "part": "RabbitMQ",
    "requests": 5,
    "users": 2,
    "per_minute": 12,
    "full": 1,
    "dead": 1,
    "dropped": 1,
    "user": "0123456789abcdef" * 2,
}


@cache
def messages(locale: str) -> dict[str, ast.Message]:
    """The texts of a language by key."""
    source = files("attrai.locales").joinpath(f"{locale}.ftl").read_text("utf-8")
    entries = FluentParser().parse(source).body
    assert not [entry.annotations for entry in entries if isinstance(entry, ast.Junk)]
    found = [entry for entry in entries if isinstance(entry, ast.Message)]
    keys = [message.id.name for message in found]
    assert sorted(keys) == sorted(set(keys))
    return dict(zip(keys, found, strict=True))


class Placeholders(Visitor):
    """Visitor that collects the placeholders of a text, including those that select a variant."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - fluent's
        self.names.add(node.id.name)


def _words(locale: str, key: str) -> set[str]:
    visitor = Placeholders()
    visitor.visit(messages(locale)[key])
    return visitor.names


@pytest.mark.parametrize("locale", locales())
def test_languages_agree(locale: str) -> None:
    """All languages have the same texts with the same placeholders."""
    assert messages(locale).keys() == messages(DEFAULT_LOCALE).keys()
    for key in messages(DEFAULT_LOCALE):
        assert _words(locale, key) == _words(DEFAULT_LOCALE, key), key
        assert _words(locale, key) <= SAMPLES.keys()


#: Numbers with different plural forms in some languages.
NUMBERS = [0, 1, 2, 4, 5, 11, 12, 20, 21, 22, 25, 100, 101, 111, 1.5]


@pytest.mark.parametrize("locale", locales())
def test_every_text_with_any_number(locale: str) -> None:
    """Every text can be formatted with every number and leaves no placeholder open."""
    for key in messages(locale):
        for number in NUMBERS:
            values = {
                name: number if isinstance(sample, int | float) else sample
                for name, sample in SAMPLES.items()
            }
            sentence = text(key, locale, **values)
            assert sentence.strip()
            assert "{" not in sentence
            assert "$" not in sentence


def test_a_missing_text_or_placeholder_is_seen() -> None:
    """The parser used to compare languages looks into every variant."""
    assert _words("en", "help") == {"photos", "limit_mb"}
    assert _words("ru", "user-busy") == {"limit", "when"}
    assert _words("en", "rated-one") == {"score"}


def test_a_language_is_a_file(tmp_path: Path) -> None:
    """A new language needs one more file and nothing else."""
    package = tmp_path / "attrai" / "locales"
    shutil.copytree(Path(attrai.locales.__file__).parent, package)
    (tmp_path / "attrai" / "__init__.py").touch()
    dutch = (package / "en.ftl").read_text("utf-8").replace("Rating your photo", "Foto beoordelen")
    (package / "nl.ftl").write_text(dutch.replace(", about {", ", ongeveer {"), "utf-8")
    program = (
        "from attrai.locales import choose_locale, duration, locales, text;"
        "print('nl' in locales(), choose_locale('nl-BE'));"
        "print(text('progress', 'nl', photos=1, wait=duration(300, 'nl')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines() == ["True nl", "Foto beoordelen, ongeveer 5 minuten."]


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("ru", "ru"),
        ("ru-RU", "ru"),
        ("RU_ru", "ru"),
        ("en-GB", "en"),
        ("be", "en"),
        ("rus", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_language_of_a_user(language: str | None, locale: str) -> None:
    """A known language is used whatever its region; any other falls back to English."""
    assert choose_locale(language) == locale


@given(st.text())
def test_any_language(language: str) -> None:
    """Any string selects an available language."""
    assert choose_locale(language) in locales()
    assert text("no-face", language)


@pytest.mark.parametrize(
    ("seconds", "english", "russian"),
    [
        (0, "1 second", "1 секунда"),
        (2.4, "2 seconds", "2 секунды"),
        (10, "10 seconds", "10 секунд"),
        (11, "15 seconds", "15 секунд"),
        (21, "25 seconds", "25 секунд"),
        (89, "90 seconds", "90 секунд"),
        (90, "2 minutes", "2 минуты"),
        (120, "2 minutes", "2 минуты"),
        (121, "3 minutes", "3 минуты"),
        (1260, "21 minutes", "21 минута"),
        (1800, "30 minutes", "30 минут"),
        (6000, "100 minutes", "100 минут"),
        (10_799, "180 minutes", "180 минут"),
        (10_800, "3 hours", "3 часа"),
        (75_601, "22 hours", "22 часа"),
    ],
)
def test_durations(seconds: float, english: str, russian: str) -> None:
    """Durations are rounded and given in seconds, minutes or hours."""
    assert duration(seconds) == english
    assert duration(seconds, "ru") == russian
    assert duration(seconds, "nl") == english
    assert time_until(seconds) == f"in {english}"


@pytest.mark.parametrize(
    ("seconds", "russian"),
    [
        (0, "через 1 секунду"),
        (3, "через 3 секунды"),
        (20, "через 20 секунд"),
        (90, "через 2 минуты"),
        (1260, "через 21 минуту"),
        (1800, "через 30 минут"),
    ],
)
def test_times_from_now(seconds: float, russian: str) -> None:
    """A time from now is in the case that its language asks for."""
    assert time_until(seconds, "ru") == russian


@pytest.mark.parametrize(
    ("key", "locale", "values", "sentence"),
    [
        ("progress", "en", {"photos": 1}, "Rating your photo, about 20 seconds."),
        ("progress", "en", {"photos": 3}, "Rating your 3 photos, about 20 seconds."),
        ("progress", "ru", {"photos": 1}, "Оцениваю фото, примерно 20 секунд."),
        ("progress", "ru", {"photos": 21}, "Оцениваю 21 фото, примерно 20 секунд."),
        (
            "user-busy",
            "en",
            {"limit": 1},
            "Your last photo is still being rated. Please send this one again in 20 seconds.",
        ),
        (
            "user-busy",
            "en",
            {"limit": 3},
            "Your last 3 photos are still being rated. Please send this one again in 20 seconds.",
        ),
        (
            "user-busy",
            "ru",
            {"limit": 3},
            "Ваши предыдущие фото (3) ещё оцениваются. Пришлите это фото снова через 20 секунд.",
        ),
        (
            "busy",
            "en",
            {},
            "There's a long queue right now. Please send this photo again in 20 seconds.",
        ),
        ("busy", "ru", {}, "Сейчас большая очередь. Пришлите это фото снова через 20 секунд."),
    ],
)
def test_sentences_with_durations(
    key: str, locale: str, values: dict[str, float], sentence: str
) -> None:
    """Durations fit into the sentences that say them."""
    durations = {"wait": duration(20, locale), "when": time_until(20, locale)}
    assert text(key, locale, **values, **durations) == sentence


@pytest.mark.parametrize(
    ("key", "locale", "count", "beginning", "end"),
    [
        ("minors", "en", 1, "One face looks", "has a box without a number."),
        ("minors", "en", 21, "21 faces look", "have boxes without numbers."),
        ("minors", "ru", 1, "Одно лицо выглядит", "рамка без числа."),
        ("minors", "ru", 2, "2 лица выглядят", "рамки без чисел."),
        ("minors", "ru", 5, "5 лиц выглядят", "рамки без чисел."),
        ("minors", "ru", 21, "21 лицо выглядит", "рамка без числа."),
        ("only-minors", "en", 1, "This face looks", "has a box without a number."),
        ("only-minors", "en", 2, "Both faces look", "have boxes without numbers."),
        ("only-minors", "en", 3, "All 3 faces look", "have boxes without numbers."),
        ("only-minors", "ru", 1, "Это лицо выглядит", "рамка без числа."),
        ("only-minors", "ru", 2, "лица выглядят", "рамки без чисел."),
        ("only-minors", "ru", 21, "лица на фото (21) выглядят", "рамки без чисел."),
    ],
)
def test_minors_agree_in_number(
    key: str, locale: str, count: int, beginning: str, end: str
) -> None:
    """The sentence about faces that look too young has the plural form of their number."""
    sentence = text(key, locale, count=count)
    assert beginning in sentence
    assert sentence.endswith(end)


@given(st.floats(0, 1e6))
def test_any_duration(seconds: float) -> None:
    """The duration shown is at most half a second shorter, and half longer, than the real one."""
    number, unit = duration(seconds).replace(",", "").split()
    unit_seconds = {"second": 1, "minute": 60, "hour": 3600}[unit.rstrip("s")]
    told = int(number) * unit_seconds
    assert seconds - 0.5 <= told <= seconds + unit_seconds + 5
    assert told <= 1.5 * seconds + 1
