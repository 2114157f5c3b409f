"""Whoever asks, in whatever way Telegram allows, gets an answer, and one that Telegram takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from telegram_sandbox import Faults, Group, Message
from tests.bot.conftest import WAIT, Product
from tests.bot.test_conversation import PHOTO, answers

pytestmark = pytest.mark.slow

SCORE = re.compile(r"\d\.\d / 10")


def answer(product: Product, chat: int, to: int | None) -> Message:
    """Wait for an answer to a message, or for one that is no reply, and return it."""
    messages = product.sandbox.wait_for(chat, lambda found: bool(answers(found, to)), WAIT)
    [found] = answers(messages, to)
    return found


@pytest.fixture
def group(product: Product) -> Group:
    """Create a new group."""
    return product.sandbox.group(-product.person().id)


@pytest.fixture(autouse=True)
def no_faults(product: Product) -> Iterator[None]:
    """End the faults of a test with it."""
    yield
    product.sandbox.faults = Faults()


def test_a_command_that_a_cleaner_bot_deletes(product: Product, group: Group) -> None:
    """The answer to `/rate` replies to the photo, also if the command is deleted at once."""
    ann, bob = product.person(), product.person()
    photo = ann.send_photo(PHOTO, chat=group.id)
    product.sandbox.faults = Faults(server_error=1, methods={"file"})
    command = bob.send_text("/Rate", chat=group.id, reply_to=photo)
    product.sandbox.wait_for(group.id, lambda found: len(found) > 2, WAIT)  # it was read
    bob.delete(command, chat=group.id)
    product.sandbox.faults = Faults()
    assert SCORE.fullmatch(answer(product, group.id, photo).caption or "")


def test_who_asks_and_how(product: Product, group: Group) -> None:
    """Anonymous administrators and channels may ask, by a caption, a mention or a quote."""
    channel = product.sandbox.channel(-product.person().id)
    photo = group.anonymous_admin().send_photo(PHOTO, "/rate")
    assert answer(product, group.id, photo).photo
    photo = channel.author().send_photo(PHOTO, "@attrai_sandbox_bot", chat=group.id)
    assert answer(product, group.id, photo).photo
    post = channel.author().send_photo(PHOTO)
    quote = product.person().send_text("/rate", chat=group.id, quoting=(channel.id, post))
    assert answer(product, group.id, quote).photo
    help_of = group.anonymous_admin().send_text("/help@attrai_sandbox_bot")
    assert "Send me a photo" in (answer(product, group.id, help_of).text or "")


def test_what_is_asked_about(product: Product) -> None:
    """Stickers, GIFs and video notes are rated, and what is under a spoiler stays there."""
    ann, bob = product.person(), product.person()
    asked = [ann.send_sticker(PHOTO), ann.send_animation(PHOTO)]
    asked += [bob.send_video_note(PHOTO), bob.send_photo(PHOTO, spoiler=True)]
    chats = [ann.id, ann.id, bob.id, bob.id]
    found = [answer(product, *of) for of in zip(chats, asked, strict=True)]
    assert all(SCORE.fullmatch(message.caption or "") for message in found)
    assert [message.spoiler for message in found] == [False, False, False, True]


def test_what_telegram_refuses(product: Product, group: Group) -> None:
    """Where the picture is refused the scores come all the same, as a document or as text."""
    ann = product.person()
    product.sandbox.faults = Faults(refused=1, methods={"sendPhoto"})
    found = answer(product, ann.id, ann.send_photo(PHOTO))
    assert found.document
    assert SCORE.fullmatch(found.caption or "")
    product.sandbox.faults = Faults()
    group.forbid("photos")
    photo = ann.send_photo(PHOTO, "/rate", chat=group.id)
    assert SCORE.fullmatch(answer(product, group.id, photo).text or "")


def test_a_file_that_is_unavailable_once(product: Product) -> None:
    """A photo that is temporarily unavailable is fetched again, and rated."""
    ann = product.person("ru")
    calls = len(product.sandbox.calls)
    refusal = "wrong file_id or the file is temporarily unavailable"
    product.sandbox.faults = Faults(refused=1, refusal=refusal, methods={"getFile"})
    photo = ann.send_photo(PHOTO)
    product.sandbox.state.wait_until(
        lambda: any(call.fault == "refused" for call in product.sandbox.calls[calls:]), WAIT
    )
    product.sandbox.faults = Faults()
    assert re.fullmatch(r"\d,\d из 10", answer(product, ann.id, photo).caption or "")


def test_answers_that_are_garbled(product: Product) -> None:
    """While Telegram takes pictures and garbles its answers a person gets two, and is told."""
    ann = product.person()
    product.sandbox.faults = Faults(garbled=1, methods={"sendPhoto", "sendDocument"})
    photo = ann.send_photo(PHOTO)
    messages = product.sandbox.wait_for(
        ann.id,
        lambda found: any("sent the picture twice" in (m.text or "") for m in found),
        WAIT,
    )
    assert [bool(message.photo) for message in answers(messages, photo)] == [True, True, False]


def test_a_group_that_becomes_a_supergroup(product: Product, group: Group) -> None:
    """The answer to a group that becomes a supergroup meanwhile goes to the new chat."""
    product.sandbox.faults = Faults(server_error=1, methods={"file"})
    product.person().send_photo(PHOTO, "/rate", chat=group.id)
    product.sandbox.wait_for(group.id, lambda found: len(found) > 1, WAIT)
    supergroup = group.become_supergroup(group.id - 1_000_000)
    product.sandbox.faults = Faults()
    assert SCORE.fullmatch(answer(product, supergroup.id, None).caption or "")


@pytest.mark.parametrize("topic", [1, 7])
def test_a_topic_of_a_forum(product: Product, topic: int) -> None:
    """The progress message and the answer go to the topic of the photo."""
    forum = product.sandbox.group(-product.person().id, forum=True)
    product.sandbox.faults = Faults(server_error=1, methods={"file"})
    photo = product.person().send_photo(PHOTO, "/rate", chat=forum.id, topic=forum.topic(topic))
    named = None if topic == 1 else topic
    shown = product.sandbox.wait_for(forum.id, lambda found: len(found) > 1, WAIT)
    assert [message.topic for message in shown] == [named] * 2
    product.sandbox.faults = Faults()
    assert answer(product, forum.id, photo).topic == named
