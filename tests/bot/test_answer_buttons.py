"""Buttons under answers: the job that a press makes, who may press, and what the press changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from attrai import plugins
from attrai.job import Job
from attrai.telegram import Pseudonyms, Seal, limiter
from attrai.telegram.channel import TelegramChannel
from telegram_sandbox import CallbackAnswer, Message
from tests.bot.parts import MAX_ACTIVE, Parts, parts
from tests.packages import make_package
from tests.sandbox.conftest import picture
from tests.telegram.served import TOKEN

SEAL = Seal(TOKEN)
GROUP = -100
ASKER, OTHER, ADMINISTRATOR = 41_000_000_001, 41_000_000_002, 41_000_000_003


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """Yield the parts of a bot that is in a group with three people, one of them in charge."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 0.01)
    with parts() as opened:
        group = opened.sandbox.group(GROUP)
        people = [opened.sandbox.user(user) for user in (ASKER, OTHER, ADMINISTRATOR)]
        group.promote(people[2])
        yield opened


def take(bot: Parts) -> Job:
    """Take the only job in the first queue, as if it had been rated."""
    (job,) = bot.queued("ingest")
    bot.broker.flush("ingest")
    bot.ledger.finish(job)
    return job.with_(faces_found=1)


def deliver(bot: Parts, job: Job) -> Message:
    """Deliver a job's picture, and return the last message of its chat."""
    channel = TelegramChannel(bot.telegram, SEAL)
    channel.deliver(job, picture())
    return bot.sandbox.messages(json.loads(SEAL.open(str(job.address)))["chat"])[-1]


def answered(bot: Parts, chat: int = ASKER, caption: str = "@attrai_sandbox_bot") -> Message:
    """Send a photo, and return its answer."""
    bot.sandbox.user(ASKER).send_photo(picture(), caption, chat=chat)
    bot.receive()
    return deliver(bot, take(bot))


def press(bot: Parts, message: Message, label: str, user: int = ASKER) -> CallbackAnswer:
    """Press a button by its label, have the bot handle it, and return the bot's answer."""
    data = next(key.data for row in message.buttons for key in row if key.text == label)
    chat = GROUP if message in bot.sandbox.messages(GROUP) else ASKER
    number = bot.sandbox.user(user).press(message.id, data, chat=chat)
    bot.receive()
    return bot.sandbox.wait_for_answer(number, 0)


def labels(message: Message) -> list[list[str]]:
    """Return the labels of a message's buttons by row."""
    return [[key.text for key in row] for row in message.buttons]


def test_an_answer_offers_what_it_is_not(bot: Parts) -> None:
    """Under an answer are the other styles, a file and delete, in the user's language."""
    assert labels(answered(bot)) == [["Ranking", "Spotlight"], ["As a file", "Delete"]]
    bot.sandbox.user(ASKER, "ru")
    assert labels(answered(bot, caption="spotlight")) == [
        ["Рамки", "Рейтинг"],
        ["Файлом", "Удалить"],
    ]


def test_a_renderer_of_others_gets_a_button(
    bot: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed renderer is offered under its own name, unless that is too long for a button."""
    renderers = dict.fromkeys(("stamp", "я" * 22, "я" * 23), "Renderer")
    monkeypatch.syspath_prepend(make_package(tmp_path, "stamps_of_a_test", "", renderers=renderers))
    with parts(sandbox=bot.sandbox) as another:
        assert labels(answered(another))[:-1] == [["Ranking", "Spotlight", "stamp"], ["я" * 22]]


def test_buttons_name_nobody(bot: Parts) -> None:
    """No number of a person or chat is in the data of a button, which every client can read."""
    data = [key.data for row in answered(bot, GROUP).buttons for key in row]
    assert len(data) == 4
    assert not [found for found in data if "41000" in found or "100" in found.split(":")[-1]]
    asker = Pseudonyms(TOKEN).asker(GROUP, ASKER)
    assert {found.split(":")[1] for found in data} == {asker}
    assert asker not in (Pseudonyms(TOKEN).asker(ASKER, ASKER), Pseudonyms(TOKEN).user(ASKER))


def test_another_style_replaces_the_picture(bot: Parts) -> None:
    """A press of a style is a job that fetches the photo again and edits the answer in place."""
    before = answered(bot)
    assert press(bot, before, "Ranking") == CallbackAnswer("One moment…", alert=False)
    job = take(bot)
    photo = bot.sandbox.state.messages(ASKER)[0]["photo"][-1]["file_id"]
    assert (job.renderer, SEAL.open(job.source)) == ("ranking", photo)
    after = deliver(bot, job.with_(renderer="ranking"))
    assert (after.id, after.reply_to, after.edited) == (before.id, before.reply_to, True)
    assert labels(after) == [["Boxes", "Spotlight"], ["As a file", "Delete"]]
    assert len(bot.sandbox.messages(ASKER)) == 2
    # And back again, which is another job.
    press(bot, after, "Boxes")
    assert take(bot).id != job.id


def test_a_file_replies_to_the_photo(bot: Parts) -> None:
    """A file is drawn in the style of the answer, sent unchanged, and has only delete."""
    before = answered(bot, caption="spotlight")
    press(bot, before, "As a file")
    job = take(bot)
    assert job.renderer == "spotlight"
    file = deliver(bot, job)
    assert (file.document, file.reply_to) == (picture(), before.reply_to)
    assert labels(file) == [["Delete"]]
    assert press(bot, file, "Delete") == CallbackAnswer("", alert=False)
    assert bot.sandbox.messages(ASKER)[-1] == before


def test_a_repeated_press(bot: Parts) -> None:
    """The same press is the same job; a press again is another, within the user's limit."""
    message = answered(bot)
    bot.sandbox.user(ASKER).press(message.id, message.buttons[0][0].data)
    (request,) = bot.pending_requests()
    bot.receive()
    bot.dispatcher.buttons.receive(request)  # type: ignore[arg-type]  # a press
    assert bot.ledger.in_flight() == len({job.id for job in bot.queued("ingest")}) == 1
    for _ in range(MAX_ACTIVE - 1):
        assert press(bot, message, "Spotlight").text == "One moment…"
    busy = press(bot, message, "Ranking")
    assert busy.alert
    assert "That would be too many photos. Please press again in" in busy.text
    assert bot.ledger.in_flight() == MAX_ACTIVE
    assert bot.queued("deliver") == []


def test_only_who_asked_or_an_administrator_may_press(bot: Parts) -> None:
    """In a group, whoever didn't ask is told so, and an administrator may press like who asked."""
    message = answered(bot, GROUP)
    for label in ("Ranking", "As a file", "Delete"):
        refusal = press(bot, message, label, OTHER)
        assert refusal.alert
        assert "Only the person who asked" in refusal.text
    assert bot.queued("ingest") == []
    assert bot.sandbox.messages(GROUP)[-1] == message
    press(bot, message, "Spotlight", ADMINISTRATOR)
    assert take(bot).user == Pseudonyms(TOKEN).user(ADMINISTRATOR)
    press(bot, message, "Spotlight", ASKER)
    take(bot)
    assert press(bot, message, "Delete", ADMINISTRATOR) == CallbackAnswer("", alert=False)
    assert message not in bot.sandbox.messages(GROUP)


def test_the_buttons_of_a_command(bot: Parts) -> None:
    """An answer to /rate is of whoever asked; if the photo is elsewhere it has delete alone."""
    photo = bot.sandbox.user(OTHER).send_photo(picture(), chat=GROUP)
    elsewhere = bot.sandbox.user(OTHER).send_photo(picture())
    bot.receive()
    for about, offered in (
        ({"reply_to": photo}, [["Ranking", "Spotlight"], ["As a file", "Delete"]]),
        ({"quoting": (OTHER, elsewhere)}, [["Delete"]]),
    ):
        bot.forget()
        bot.sandbox.user(ASKER).send_text("/rate", chat=GROUP, **about)  # type: ignore[arg-type]  # either
        bot.receive()
        message = deliver(bot, take(bot))
        assert labels(message) == offered
        assert press(bot, message, "Delete", OTHER).alert
        assert press(bot, message, "Delete", ASKER).text == ""
        assert message not in bot.sandbox.messages(GROUP)


def test_without_the_photo_the_buttons_go(bot: Parts) -> None:
    """If the photo was deleted, a press of a style takes the buttons away and says why."""
    message = answered(bot)
    bot.sandbox.user(ASKER).delete(message.reply_to or 0)
    assert "The photo is gone" in press(bot, message, "Ranking").text
    assert labels(bot.sandbox.messages(ASKER)[-1]) == []
    assert bot.queued("ingest") == []


def test_delete_at_any_moment(bot: Parts) -> None:
    """Pressed twice it is harmless, and a style that was pressed before finds nothing to edit."""
    message = answered(bot)
    bot.sandbox.user(ASKER).press(message.id, message.buttons[0][0].data)
    for _ in range(2):
        last = bot.sandbox.user(ASKER).press(message.id, message.buttons[-1][-1].data)
    bot.receive()
    assert bot.sandbox.wait_for_answer(last, 0) == CallbackAnswer("", alert=False)
    with pytest.raises(Exception, match="message to edit not found"):
        deliver(bot, take(bot))
    assert len(bot.sandbox.messages(ASKER)) == 1


def test_a_style_that_is_gone(bot: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A button of a renderer that is no longer installed says that it works no longer."""
    message = answered(bot)
    monkeypatch.setattr(plugins, "entry_points", lambda **_: [])
    with parts(bot.redis, bot.sandbox) as restarted:
        assert press(restarted, message, "Ranking").text == "This button no longer works."
        assert restarted.queued("ingest") == []
