"""The languages: grammatical as far as rules can tell, in their own words, and short enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from babel import Locale
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

from attrai.channels import Member
from attrai.job import Face, Failure, Job, Score
from attrai.locales import DEFAULT_LOCALE, choose_locale, duration, locales, text, time_until
from attrai.telegram.album import album_caption
from attrai.telegram.answer_texts import caption
from tests.test_locales import SAMPLES, messages

TRANSLATIONS = [locale for locale in locales() if locale != DEFAULT_LOCALE]
#: Words that stay the same whatever number stands before them.
INDECLINABLE = {"фото"}
#: Opens and closes a part of a text whose direction doesn't affect what surrounds it.
OPENS, CLOSES = "\u2066\u2067\u2068", "\u2069"


def test_the_languages() -> None:
    """All languages are there, and each calls itself as Babel does."""
    spoken = ["ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "pl", "pt", "ru", "tr", "uk"]
    assert list(locales()) == [*spoken, "zh"]
    for locale in locales():
        name = Locale.parse(locale).get_display_name(locale)
        assert str(name).casefold() in text("language-name", locale).casefold()


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("pt-br", "pt"),
        ("pt-PT", "pt"),
        ("zh-hans", "zh"),
        ("zh-CN", "zh"),
        ("zh-Hant-TW", "zh"),
        ("es-419", "es"),
        ("de_AT", "de"),
        ("uk", "uk"),
    ],
)
def test_regions_and_scripts(language: str, locale: str) -> None:
    """A tag's region and script don't matter."""
    assert choose_locale(language) == locale


class Selectors(Visitor):
    """Visitor that collects the selectors of a text."""

    def __init__(self) -> None:
        self.found: list[ast.SelectExpression] = []

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:  # noqa: N802 - fluent's
        self.found.append(node)
        self.generic_visit(node)


def selectors(entry: ast.Message) -> list[ast.SelectExpression]:
    """Return the selectors of a text, from the outside in."""
    visitor = Selectors()
    visitor.visit(entry)
    return visitor.found


@cache
def categories(locale: str) -> dict[int, str]:
    """Return the CLDR plural category of each whole number up to 1000."""
    plural_form = Locale.parse(locale).plural_form
    return {number: plural_form(number) for number in range(1001)}


def wrong_variants(locale: str, selector: ast.SelectExpression) -> set[str]:
    """Return the plural categories that a selector on a number lacks or has in vain.

    The default variant stands for `other`, and where no whole number is of that category, as in the
    Slavic languages, for `many`. A selector may lack categories if its default has no form that
    depends on the number.
    """
    exact = {
        int(variant.key.value)
        for variant in selector.variants
        if isinstance(variant.key, ast.NumberLiteral)
    }
    named = {
        variant.key.name for variant in selector.variants if isinstance(variant.key, ast.Identifier)
    }
    (default,) = (variant for variant in selector.variants if variant.default)
    by_number = categories(locale)
    needed = {category for number, category in by_number.items() if number not in exact}
    if "other" not in by_number.values():
        needed -= {"many"}
    needed |= {"other"}
    wrong = named - needed
    if inflects(default.value, selector):
        wrong |= needed - named
    if not isinstance(default.key, ast.Identifier) or default.key.name != "other":
        wrong |= {"other"}
    return wrong


def inflects(pattern: ast.Pattern, selector: ast.SelectExpression) -> bool:
    """Return whether a text says a number in a way that depends on the number.

    It doesn't in brackets, after a colon, or before a word that has one form only.
    """
    assert isinstance(selector.selector, ast.VariableReference)
    for before, element, after in neighbours(pattern):
        said = isinstance(element, ast.Placeable) and isinstance(
            element.expression, ast.VariableReference
        )
        if not said or element.expression.id.name != selector.selector.id.name:  # type: ignore[union-attr]
            continue
        word = re.match(r"\s*([^\W\d_]*)", after)
        apart = before.rstrip().endswith((":", "（", "：")) or before.endswith("(")
        if not apart and not (word and word[1] in INDECLINABLE):
            return True
    return False


def neighbours(
    pattern: ast.Pattern,
) -> Iterator[tuple[str, ast.TextElement | ast.Placeable, str]]:
    """Yield each element of a pattern with the text before and after it."""
    elements = pattern.elements
    texts = [element.value if isinstance(element, ast.TextElement) else "" for element in elements]
    yield from zip(["", *texts], elements, [*texts[1:], ""], strict=False)


@pytest.mark.parametrize("locale", locales())
def test_plural_forms(locale: str) -> None:
    """Each selector on a number has the language's plural categories and no others."""
    for key, entry in messages(locale).items():
        for selector in selectors(entry):
            assert wrong_variants(locale, selector) == set(), key


@pytest.mark.parametrize(
    ("locale", "variants", "wrong"),
    [
        ("en", "[one] a face *[other] { $n } faces", set()),
        ("en", "[1] a face *[other] { $n } faces", set()),
        ("en", "[one] a face [few] faces *[other] { $n } faces", {"few"}),
        ("en", "[one] a face *[many] { $n } faces", {"many", "other"}),
        ("ru", "[one] { $n } лицо *[other] { $n } лиц", {"few"}),
        ("ru", "[one] { $n } лицо [few] { $n } лица *[other] { $n } лиц", set()),
        ("ru", "[1] лицо *[other] { $n } лиц", {"one", "few"}),
        ("ru", "[1] лицо *[other] лица ({ $n })", set()),
        ("ru", "[1] лицо *[other] лиц: { $n }", set()),
        ("ru", "[1] фото *[other] { $n } фото", set()),
        ("ja", "[one] 顔 *[other] { $n } 人", {"one"}),
        ("ja", "[1] 顔 *[other] { $n } 人", set()),
        ("fr", "[1] un visage *[other] { $n } visages", {"one"}),
        (
            "ar",
            "[one] وجه [two] وجهان [few] { $n } وجوه *[other] { $n } وجه",
            {"zero", "many"},
        ),
    ],
)
def test_plural_forms_are_checked(locale: str, variants: str, wrong: set[str]) -> None:
    """Lacking and needless variants are found, also those that numbers of their own stand for."""
    lines = re.sub(r" ?(\*?\[)", r"\n    \1", variants)
    (entry,) = FluentParser().parse(f"key = {{ $n ->{lines}\n}}\n").body
    assert isinstance(entry, ast.Message)
    (selector,) = selectors(entry)
    assert wrong_variants(locale, selector) == wrong


class Words(Visitor):
    """Visitor that collects the pieces of a text between its placeholders, in every variant."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def visit_TextElement(self, node: ast.TextElement) -> None:  # noqa: N802 - fluent's
        self.pieces.append(node.value)


def pieces(locale: str, key: str) -> list[str]:
    """Return the pieces of a text between its placeholders."""
    visitor = Words()
    visitor.visit(messages(locale)[key])
    return visitor.pieces


def phrases(locale: str, key: str) -> set[tuple[str, ...]]:
    """Return all three words in a row of a text that are written in small letters."""
    found = set()
    for piece in pieces(locale, key):
        words = re.findall(r"[^\W\d_]+", piece)
        for start in range(len(words) - 2):
            phrase = tuple(words[start : start + 3])
            if all(word.islower() for word in phrase):
                found.add(phrase)
    return found


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_no_english_is_left(locale: str) -> None:
    """No text is the English one, unless that is one word, nor has three English words in a row."""
    for key in messages(DEFAULT_LOCALE):
        shared = phrases(locale, key) & phrases(DEFAULT_LOCALE, key)
        assert not shared, key
        if len(re.findall(r"[^\W\d_]+", " ".join(pieces(DEFAULT_LOCALE, key)))) > 1:
            assert pieces(locale, key) != pieces(DEFAULT_LOCALE, key), key


#: Names that are written in Latin letters in every language.
LATIN = {
    *("JPEG", "PNG", "WebP", "HEIC", "AVIF", "TIFF", "BMP", "GIF", "RAW", "MB", "Telegram"),
    "ranking",
}


@pytest.mark.parametrize("locale", ["ar", "hi", "ja", "ru", "uk", "zh"])
def test_other_scripts_are_kept_to(locale: str) -> None:
    """In languages of other scripts only names and commands are written in Latin letters."""
    for key in messages(locale):
        written = re.sub(r"/[a-z]+( [a-z]+)?", "", "".join(pieces(locale, key)))
        assert set(re.findall("[A-Za-z]+", written)) <= LATIN, key


@pytest.mark.parametrize("locale", locales())
def test_commands_in_texts_are_recognised(locale: str) -> None:
    """Each text names the same commands as the English one, and Telegram sees them as such."""
    for key in messages(locale):
        ours, english = (
            re.findall(r"(?<![\w/<>])/([a-z_]+)(?![\w/<>])", text(key, each, **SAMPLES))
            for each in (locale, DEFAULT_LOCALE)
        )
        assert sorted(ours) == sorted(english), key


@pytest.mark.parametrize("locale", locales())
def test_texts_fit_where_telegram_shows_them(locale: str) -> None:
    """Descriptions of commands and of the bot and answers to presses are within the limits."""
    limits = {
        "command-": 256,
        "bot-description": 512,
        "bot-short-description": 120,
        "press-": 200,
        "language-set": 200,
        "language-automatic-set": 200,
        "language-name": 30,
        "button-": 30,
    }
    for key in messages(locale):
        for prefix, limit in limits.items():
            if key.startswith(prefix):
                assert 1 <= len(text(key, locale, **SAMPLES)) <= limit, key


@pytest.mark.parametrize("locale", locales())
def test_captions_of_many_faces_fit(locale: str, make_job: Callable[..., Job], face: Face) -> None:
    """The caption of 50 faces is not cut, whether they are scored or look too young."""
    for scored in range(51):
        scores = [Score(value=10, spread=1)] * scored + [None] * (50 - scored)
        job = make_job(faces=[face] * 50, scores=scores, faces_found=999, locale=locale)
        words = caption(job)
        assert len(words) <= 1024
        assert "…" not in words
        assert words.count(text("no-score", locale)) >= (50 - scored if scored else 0)


@pytest.mark.parametrize("locale", locales())
def test_the_caption_of_an_album_fits(
    locale: str, make_job: Callable[..., Job], face: Face
) -> None:
    """The caption of an album is not cut, whether its photos are scored, too young or refused."""
    job = make_job(locale=locale, faces=[face] * 5)
    scored = job.with_(scores=[Score(value=10, spread=1)] * 5)
    young = job.with_(scores=[None] * 5)
    failed = [job.with_(failure=Failure(code=code)) for code in ("not-an-image", "no-face")]
    jobs = [*[scored] * 5, *[young] * 3, *failed]
    members = [Member(place, each, None) for place, each in enumerate(jobs, 1)]
    words = album_caption(members, 10_000)
    assert len(words) <= 1024
    assert text("minors", locale, count=3 * 5) in words
    for code in ("not-an-image", "no-face"):
        assert text(code, locale) in words


@pytest.mark.parametrize("locale", locales())
def test_numbers_have_the_decimal_sign_of_the_language(locale: str) -> None:
    """A score has one decimal, after the sign that the language puts there."""
    sign = Locale.parse(locale).number_symbols["latn"]["decimal"]
    assert text("rated-item", locale, score=7.0) == f"7{sign}0"
    assert f"7{sign}2" in text("rated-one", locale, score=7.24)


@pytest.mark.parametrize("locale", locales())
def test_isolation_marks_are_closed(locale: str) -> None:
    """Whatever a text isolates ends within the text, and only Arabic isolates anything."""
    for key in messages(locale):
        words = text(key, locale, **SAMPLES)
        depth = 0
        for char in words:
            depth += (char in OPENS) - (char in CLOSES)
            assert depth >= 0, key
        assert depth == 0, key
        assert locale == "ar" or not re.search("[\u200e\u200f\u2066-\u2069]", words), key


@pytest.mark.parametrize(
    ("locale", "progress", "busy"),
    [
        (
            "ar",
            "أقيّم صورتك. الوقت المتوقع: دقيقتان.",
            "الازدحام شديد الآن. سيخفّ خلال دقيقتين، فأعد إرسال هذه الصورة عندئذٍ.",
        ),
        (
            "de",
            "Ich bewerte dein Foto, etwa 2 Minuten.",
            "Gerade ist viel los. Bitte schick dieses Foto in 2 Minuten noch einmal.",
        ),
        (
            "es",
            "Puntuando tu foto: 2 minutos, más o menos.",
            "Ahora mismo hay mucha cola. Vuelve a enviar esta foto dentro de 2 minutos, por favor.",
        ),
        (
            "fr",
            "Je note ta photo, environ 2 minutes.",
            (
                "Il y a beaucoup d'attente en ce moment. Renvoie cette photo dans 2 minutes, "
                "s'il te plaît."
            ),
        ),
        (
            "hi",
            "आपकी फ़ोटो को अंक दे रहा हूँ, लगभग 2 मिनट।",
            "अभी लंबी कतार है। 2 मिनट में भीड़ कम हो जाएगी, तब यह फ़ोटो फिर से भेजें।",
        ),
        (
            "id",
            "Sedang menilai fotomu, sekitar 2 menit.",
            "Antreannya sedang panjang. Kirim lagi foto ini dalam 2 menit, ya.",
        ),
        (
            "it",
            "Sto valutando la tua foto, circa 2 minuti.",
            (
                "In questo momento c'è molta coda. Manda di nuovo questa foto tra 2 minuti, per"
                " favore."
            ),
        ),
        (
            "ja",
            "写真を採点しています（あと約 2 分）。",
            "ただいま混み合っています。この写真は 2 分後にもう一度送ってください。",
        ),
        (
            "pl",
            "Oceniam Twoje zdjęcie. Szacowany czas: 2 minuty.",
            "Jest teraz długa kolejka. Wyślij to zdjęcie ponownie za 2 minuty.",
        ),
        (
            "pt",
            "Avaliando a sua foto: cerca de 2 minutos.",
            "A fila está grande agora. Envie esta foto de novo em 2 minutos, por favor.",
        ),
        (
            "tr",
            "Fotoğrafını puanlıyorum, yaklaşık 2 dakika.",
            "Şu anda uzun bir sıra var. Lütfen bu fotoğrafı 2 dakika sonra tekrar gönder.",
        ),
        (
            "uk",
            "Оцінюю фото, приблизно 2 хвилини.",
            "Зараз велика черга. Надішліть це фото знову через 2 хвилини.",
        ),
        (
            "zh",
            "正在给你的照片评分，大约需要2分钟。",
            "现在排队的人很多。请在2分钟后重新发送这张照片。",
        ),
    ],
)
def test_durations_fit_into_sentences(locale: str, progress: str, busy: str) -> None:
    """Durations are in the form that the sentences around them ask for."""
    assert text("progress", locale, photos=1, wait=duration(120, locale)) == progress
    assert text("busy", locale, when=time_until(120, locale)) == busy
