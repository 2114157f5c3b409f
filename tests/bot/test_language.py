"""The language that people choose with /language: offered, remembered, applied and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from attrai.ledger import keys
from attrai.locales import locales, text
from attrai.outages import OUTAGES
from attrai.telegram import open_pseudonyms
from telegram_sandbox import Message
from tests.bot.parts import Parts, parts
from tests.sandbox.conftest import picture

YEAR = 365 * 86400


@pytest.fixture
def bot() -> Iterator[Parts]:
    """Yield the parts of a bot."""
    with parts() as opened:
        yield opened


def key(bot: Parts, user: int) -> str:
    """Return the key of what a person chose."""
    return keys.LANGUAGE + open_pseudonyms(bot.settings).user(user)


def ask(bot: Parts, words: str, user: int = 1, *, chat: int | None = None) -> Message:
    """Send a text to the bot and return its answer."""
    sent = bot.sandbox.user(user).send_text(words, chat=chat)
    bot.receive()
    *_, answer = bot.sandbox.messages(chat or user)
    assert answer.reply_to == sent
    return answer


def press(bot: Parts, message: Message, data: str, user: int = 1, chat: int = 1) -> str:
    """Press a button, and return what is shown to whoever pressed it."""
    number = bot.sandbox.user(user).press(message.id, data, chat=chat)
    bot.receive()
    return bot.sandbox.wait_for_answer(number, 0).text


def labels(message: Message) -> dict[str, str]:
    """Return the labels of a message's buttons by their data."""
    return {str(button.data): button.text for row in message.buttons for button in row}


def test_every_language_is_offered_in_its_own_words(bot: Parts) -> None:
    """/language has a button for each language and one for Telegram's, which is marked at first."""
    offered = ask(bot, "/language")
    assert offered.text == "Which language should I write to you in?"
    expected = {f"l:{each}": text("language-name", each) for each in locales()}
    assert labels(offered) == {"l:auto": "✓ Same as Telegram", **expected}
    assert max(map(len, offered.buttons)) == 2
    assert bot.redis.get(key(bot, 1)) is None


def test_a_pressed_language_is_spoken_from_then_on(bot: Parts) -> None:
    """The chosen language applies to replies, jobs and progress, and not to others."""
    offered = ask(bot, "/language")
    assert press(bot, offered, "l:ru") == ""
    confirmed = bot.sandbox.messages(1)[-1]
    assert (confirmed.id, confirmed.text) == (offered.id, "Теперь я пишу вам по-русски.")
    assert confirmed.buttons == []
    assert ask(bot, "/start").text == text("start", "ru")
    assert ask(bot, "/start", 2).text == text("start", "en")
    bot.sandbox.user(1).send_photo(picture())
    bot.receive()
    assert [job.locale for job in bot.queued("ingest")] == ["ru"]
    again = ask(bot, "/language")
    assert again.text == text("language", "ru")
    assert labels(again)["l:ru"] == "✓ Русский"
    assert labels(again)["l:auto"] == "Как в Telegram"


@pytest.mark.parametrize("words", ["ru", "RU", " ru-RU ", "ru_RU", "Русский", "русский"])
def test_a_language_can_be_named(bot: Parts, words: str) -> None:
    """/language with a code, a tag or a name chooses the language at once."""
    answer = ask(bot, f"/language {words}")
    assert (answer.text, answer.buttons) == (text("language-set", "ru"), [])
    assert bot.redis.get(key(bot, 1)) == b"ru"


@pytest.mark.parametrize("words", ["", "xx", "klingon", "-", "l:ru", "🙂"])
def test_an_unknown_language_is_answered_by_the_choice(bot: Parts, words: str) -> None:
    """/language with anything else offers the languages, and changes nothing."""
    bot.redis.set(key(bot, 1), "ru")
    assert labels(ask(bot, f"/language {words}"))["l:ru"] == "✓ Русский"
    assert bot.redis.get(key(bot, 1)) == b"ru"


@pytest.mark.parametrize("typed", [False, True])
def test_telegrams_language_can_be_chosen_again(bot: Parts, typed: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    """The choice is deleted, and the answer is in the language of Telegram already."""
    bot.sandbox.user(1, "ru")
    ask(bot, "/language en")
    if typed:
        ask(bot, "/language auto")
    else:
        press(bot, ask(bot, "/language"), "l:auto")
    assert bot.sandbox.messages(1)[-1].text == text("language-automatic-set", "ru")
    assert bot.redis.get(key(bot, 1)) is None
    assert ask(bot, "/start").text == text("start", "ru")


def test_a_choice_is_forgotten_a_year_after_the_last_request(bot: Parts) -> None:
    """The choice expires, each request puts that off, and nothing names whose it is."""
    ask(bot, "/language ru", 4_711_000_001)
    mine = key(bot, 4_711_000_001)
    assert YEAR - 60 < bot.redis.ttl(mine) <= YEAR
    bot.redis.expire(mine, 100)
    ask(bot, "/start", 4_711_000_001)
    assert YEAR - 60 < bot.redis.ttl(mine) <= YEAR
    found = cast("list[bytes]", bot.redis.keys("*"))
    assert [name for name in found if name.startswith(keys.LANGUAGE.encode())] == [mine.encode()]
    assert not [name for name in found if b"4711000001" in name]


def test_in_a_group_everyone_chooses_for_themselves(bot: Parts) -> None:
    """Whoever presses a button in a group is told so alone, and the question stays."""
    bot.sandbox.group(-100)
    offered = ask(bot, f"/language@{bot.telegram.me().username}", 1, chat=-100)
    assert press(bot, offered, "l:ru", 2, -100) == text("language-set", "ru")
    assert bot.sandbox.messages(-100)[-1] == offered
    assert bot.redis.get(key(bot, 1)) is None
    assert bot.redis.get(key(bot, 2)) == b"ru"
    assert ask(bot, "/start", 2).text == text("start", "ru")


def test_a_press_is_answered_once_the_question_is_gone(bot: Parts) -> None:
    """A second press, whose question was replaced or deleted meanwhile, is still carried out."""
    offered = ask(bot, "/language")
    ann = bot.sandbox.user(1)
    first, second = ann.press(offered.id, "l:ru"), ann.press(offered.id, "l:en")
    ann.delete(offered.id)
    bot.receive()
    shown = [bot.sandbox.wait_for_answer(number, 0).text for number in (first, second)]
    assert shown == [text("language-set", "ru"), text("language-set", "en")]
    assert bot.redis.get(key(bot, 1)) == b"en"


def test_a_language_of_a_later_version_is_not_spoken(bot: Parts) -> None:
    """A choice that this version doesn't know leaves Telegram's language."""
    bot.redis.set(key(bot, 1), "tlh")
    bot.sandbox.user(1, "ru")
    assert ask(bot, "/start").text == text("start", "ru")
    assert labels(ask(bot, "/language"))["l:auto"] == "✓ Как в Telegram"


def test_a_request_waits_for_redis(bot: Parts) -> None:
    """While Redis is away no request is answered in another language than the chosen one."""
    ask(bot, "/language ru")
    number = bot.sandbox.user(1).send_text("/start")
    server = bot.redis.connection_pool.connection_kwargs["server"]
    server.connected = False
    with pytest.raises(OUTAGES):
        bot.receive()
    server.connected = True
    bot.receive()
    answers = [message for message in bot.sandbox.messages(1) if message.reply_to == number]
    assert [answer.text for answer in answers] == [text("start", "ru")]
