"""The Telegram channel where a picture replaces another one, as after the press of a style."""

from __future__ import annotations

import pytest

from attrai.errors import TryLater, Unconfirmed, Undeliverable
from attrai.job import Failure, Job
from attrai.telegram import Destination
from attrai.telegram.address import seal_address
from attrai.telegram.channel import TelegramChannel
from telegram_sandbox import Faults, Message, Sandbox
from tests.sandbox.conftest import picture
from tests.telegram.conftest import SEAL

GONE = Failure(code="photo-unavailable")


@pytest.fixture
def answer(channel: TelegramChannel, sandbox: Sandbox, job: Job, message: int) -> Message:
    """Return an answer with buttons."""
    channel.deliver(job.with_(address=address(message)), picture())
    return sandbox.messages(1)[-1]


def address(message: int, **more: object) -> str:
    """Return the address of an answer with buttons."""
    return seal_address(
        Destination(1, message), SEAL, asker="0" * 16, styles=["boxes", "ranking"], **more
    )


def test_a_picture_replaces_another(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, answer: Message, message: int
) -> None:
    """The picture takes the place of the first, as a document if it is too large."""
    again = job.with_(address=address(message, edit=answer.id), renderer="ranking", locale="ru")
    for size, as_photo in ((640, True), (5001, False), (640, True)):
        rated = picture(size, size)
        channel.deliver(again, rated)
        (_, after) = sandbox.messages(1)
        assert (bool(after.photo), after.document) == (as_photo, None if as_photo else rated)
        assert after.caption == "7,2 из 10"
        assert [key.text for key in after.buttons[0]] == ["Рамки"]


def test_an_edit_that_may_have_arrived_is_repeated(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, answer: Message, message: int
) -> None:
    """An edit whose reply was lost is made again, and never turns into another message."""
    again = job.with_(address=address(message, edit=answer.id))
    sandbox.faults = Faults(garbled=1, methods={"editMessageMedia"})
    for sends in range(5):
        with pytest.raises(Unconfirmed):
            channel.deliver(again.with_(unconfirmed_sends=sends), picture())
    channel.deliver(again.with_(unconfirmed_sends=5), picture())
    assert [found.id for found in sandbox.messages(1)] == [message, answer.id]


def test_the_buttons_go_with_the_photo(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, answer: Message, message: int
) -> None:
    """If Telegram no longer serves the photo, the buttons go, and the user is told why."""
    again = job.with_(address=address(message, edit=answer.id))
    sandbox.faults = Faults(server_error=1, methods={"sendMessage"})
    with pytest.raises(TryLater):
        channel.send_failure(again, GONE)
    sandbox.faults = Faults()
    channel.send_failure(again, GONE)
    _, after, words = sandbox.messages(1)
    assert (after.id, after.photo, after.buttons) == (answer.id, answer.photo, [])
    assert "photo is gone" in str(words.text)
    assert words.reply_to == answer.id


def test_an_answer_that_was_deleted(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, answer: Message, message: int
) -> None:
    """What was deleted before its new picture came stays deleted."""
    sandbox.user().delete(answer.id)
    again = job.with_(address=address(message, edit=answer.id))
    with pytest.raises(Undeliverable, match="message to edit not found"):
        channel.deliver(again, picture())
    assert len(sandbox.messages(1)) == 1


def test_other_failures_leave_the_answer(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, answer: Message, message: int
) -> None:
    """If drawing again fails otherwise, the answer keeps its picture and its buttons."""
    again = job.with_(address=address(message, edit=answer.id))
    channel.send_failure(again, Failure(code="internal"))
    _, after, words = sandbox.messages(1)
    assert (after, words.reply_to) == (answer, message)
    assert "Something went wrong" in str(words.text)
