"""The button under a progress message gives up its photos, for those who may."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attrai.telegram import limiter
from telegram_sandbox import Message
from tests.bot.parts import Parts, parts
from tests.sandbox.conftest import picture

GROUP = -100
ASKER, OTHER, ADMINISTRATOR = 41_000_000_001, 41_000_000_002, 41_000_000_003
CANCELLED, TOO_LATE = "Cancelled.", "Too late: the answer is on its way."


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """Yield the parts of a bot whose photos take long enough for a progress message."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 0.01)
    with parts() as opened:
        opened.redis.hset("attrai:service", "detect", 30)
        group = opened.sandbox.group(GROUP)
        for user in (ASKER, OTHER, ADMINISTRATOR):
            opened.sandbox.user(user)
        group.promote(opened.sandbox.user(ADMINISTRATOR))
        yield opened


def progress(bot: Parts, chat: int = ASKER) -> Message:
    """Return the only progress message of a chat."""
    (message,) = (found for found in bot.sandbox.messages(chat) if found.sender == "bot")
    return message


def press(bot: Parts, message: Message, user: int = ASKER, chat: int = ASKER) -> str:
    """Press the button under a progress message, and return the bot's answer."""
    ((button,),) = message.buttons
    assert button.text == "Cancel"
    number = bot.sandbox.user(user).press(message.id, button.data, chat=chat)
    bot.receive()
    return bot.sandbox.wait_for_answer(number, 0).text


def test_a_photo_is_given_up(bot: Parts) -> None:
    """The job is cancelled, its progress message goes, and a repeated photo starts nothing."""
    bot.sandbox.user(ASKER).send_photo(picture())
    (request,) = bot.pending_requests()
    bot.receive()
    assert press(bot, progress(bot)) == CANCELLED
    bot.refresh()
    assert bot.said(ASKER) == []
    assert bot.ledger.in_flight() == 0
    assert not bot.redis.exists("attrai:notices")
    bot.dispatcher.receive(request)
    bot.flush()
    assert (bot.ledger.in_flight(), bot.said(ASKER)) == (0, [])


def test_an_album_is_given_up(bot: Parts) -> None:
    """All photos of an album are given up, apart from one that is being answered."""
    bot.sandbox.user(ASKER).send_album([picture()] * 2)
    bot.receive()
    job = bot.queued("ingest")[0]
    bot.ledger.begin(job, "deliver")
    assert press(bot, progress(bot)) == CANCELLED
    assert bot.ledger.held([queued.id for queued in bot.queued("ingest")]) == {job.id}
    assert press(bot, progress(bot)) == CANCELLED  # as one of them was
    bot.ledger.finish(job)
    bot.refresh()
    assert bot.said(ASKER) == []


def test_an_answer_is_faster(bot: Parts) -> None:
    """A press while the answer is being sent, or after that, changes nothing and says so."""
    bot.sandbox.user(ASKER).send_photo(picture())
    bot.receive()
    (job,) = bot.queued("ingest")
    message = progress(bot)
    bot.ledger.begin(job, "deliver")
    assert press(bot, message) == TOO_LATE
    assert bot.ledger.holds(job.id)
    assert bot.ledger.finish(job)
    assert press(bot, message) == TOO_LATE


def test_the_button_stays_with_another_estimate(bot: Parts) -> None:
    """A progress message that is edited keeps its button, also under a restarted bot."""
    bot.sandbox.user(ASKER).send_photo(picture())
    bot.receive()
    bot.redis.hset("attrai:service", "detect", 6000)
    before = progress(bot)
    with parts(bot.redis, bot.sandbox) as successor:
        successor.refresh()
        after = progress(successor)
        assert (after.id, after.buttons) == (before.id, before.buttons)
        assert after.text != before.text
        assert press(successor, after) == CANCELLED
        successor.refresh()
        assert successor.said(ASKER) == []


def test_a_message_of_another_bot(bot: Parts) -> None:
    """A bot that runs beside another finds the photos of its progress message in Redis."""
    with parts(bot.redis, bot.sandbox) as beside:
        bot.sandbox.user(ASKER).send_album([picture()] * 2)
        bot.receive()
        assert press(beside, progress(bot)) == CANCELLED
        assert beside.ledger.in_flight() == 0


def test_only_who_asked_or_an_administrator_may_cancel(bot: Parts) -> None:
    """In a group others are told that the button is not theirs."""
    bot.sandbox.user(ASKER).send_photo(picture(), "@attrai_sandbox_bot", chat=GROUP)
    bot.receive()
    message = progress(bot, GROUP)
    assert "Only the person who asked" in press(bot, message, OTHER, GROUP)
    assert bot.ledger.in_flight() == 1
    assert press(bot, message, ADMINISTRATOR, GROUP) == CANCELLED
    assert bot.ledger.in_flight() == 0
