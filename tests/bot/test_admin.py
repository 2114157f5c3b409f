"""/admin shows the status of the service to operators only."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image

from attrai.bot.updates import CommandRequest, Origin
from attrai.telegram import limiter
from tests.bot.conftest import ADMIN
from tests.bot.parts import Parts, parts
from tests.sandbox.conftest import picture


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """Create a bot whose rate limit per chat is negligible."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    with parts() as bot:
        yield bot


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "Photos in flight: 1.",
                "Today: 1 photo from 1 person.",
                "ingest: 1 waiting, 0 workers",
            ],
        ),
        ("ru", ["Фото в обработке: 1.", "Сегодня: 1 фото от 1 человека.", "ingest: ждёт 1"]),
    ],
)
def test_the_operator_gets_status_and_chart(bot: Parts, language: str, words: list[str]) -> None:
    """The operator gets the charts as a photo, captioned with the status in their language."""
    bot.sandbox.user(1).send_photo(picture())
    bot.receive()
    asked = bot.sandbox.user(ADMIN, language).send_text("/admin")
    bot.receive()
    answer = bot.sandbox.messages(ADMIN)[-1]
    assert answer.reply_to == asked
    assert answer.photo is not None
    with Image.open(BytesIO(answer.photo)) as charts:
        assert min(charts.size) > 500
    for line in words:
        assert line in (answer.caption or "")
    assert "{" not in (answer.caption or "")


def test_nobody_else_learns_of_it(bot: Parts) -> None:
    """Other users get the help text, as for any unknown command."""
    for command in ("/admin", "/nonsense"):
        bot.sandbox.user(5).send_text(command)
        bot.receive()
    first, second = bot.said(5)
    assert first == second
    assert "Send me a photo" in first


def test_not_in_a_group(bot: Parts) -> None:
    """In a group, /admin is an unknown command even to the operator, as others read it."""
    assert not bot.admin.receive(CommandRequest(Origin(-100, 1, ADMIN, "en"), "admin"))
    assert not bot.admin.receive(CommandRequest(Origin(ADMIN, 1, ADMIN, "en"), "help"))


def test_without_matplotlib(bot: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib, the status is sent as a text message."""
    monkeypatch.setattr("attrai.bot.admin.find_spec", lambda _: None)
    assert importlib.util.find_spec("matplotlib") is not None
    bot.sandbox.user(ADMIN).send_text("/admin")
    bot.receive()
    assert "Photos in flight: 0." in bot.said(ADMIN)[0]


def test_the_operator_stays_unnamed(bot: Parts) -> None:
    """The operator's id appears neither in Redis keys nor in the repr of the settings."""
    bot.sandbox.user(ADMIN).send_text("/admin")
    bot.receive()
    assert all(str(ADMIN).encode() not in key for key in bot.redis.scan_iter())
    assert str(ADMIN) not in repr(bot.settings)
