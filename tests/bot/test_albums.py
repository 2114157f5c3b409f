"""Users send albums: each is answered once, by an album in the same order with one caption."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from PIL import Image

from telegram_sandbox import Message
from tests.bot.conftest import WAIT, Product
from tests.bot.test_conversation import NOTICE, PHOTO
from tests.conftest import ASTRONAUT

pytestmark = pytest.mark.slow


def photo(width: int, *, face: bool = True) -> bytes:
    """Return a photo of this width, which tells it from others, with a face or without."""
    canvas = Image.new("RGB", (width, 512), "white")
    if face:
        canvas.paste(Image.open(ASTRONAUT).resize((512, 512)))
    file = BytesIO()
    canvas.save(file, "JPEG")
    return file.getvalue()


def widths(messages: list[Message]) -> list[int]:
    """Return the widths of the pictures in messages."""
    return [Image.open(BytesIO(message.photo or b"")).width for message in messages]


def answers(messages: list[Message]) -> list[Message]:
    """Return what the bot sent, without progress messages."""
    return [
        message
        for message in messages
        if message.sender == "bot" and not NOTICE.search(message.text or "")
    ]


def wait_for_answers(product: Product, chat: int, count: int) -> list[Message]:
    """Wait until a chat has so many answers and no progress message."""

    def done(messages: list[Message]) -> bool:
        said = [message for message in messages if message.sender == "bot"]
        return len(said) == len(answers(messages)) == count

    return answers(product.sandbox.wait_for(chat, done, WAIT))


@pytest.fixture(autouse=True, scope="module")
def warm(product: Product) -> None:
    """Wait until every stage works, as no estimate tells how long workers take to start."""
    person = product.person()
    person.send_photo(PHOTO)
    wait_for_answers(product, person.id, 1)


def test_an_album(product: Product) -> None:
    """Photos with faces come back in order with their ranks; why one does not is told too."""
    ann = product.person()
    sent = ann.send_album([photo(600), photo(610, face=False), photo(620), photo(630)])
    found = wait_for_answers(product, ann.id, 3)
    assert widths(found) == [600, 620, 630]
    assert {message.reply_to for message in found} == {sent[0]}
    assert len({message.album for message in found} - {None}) == 1
    assert [message.caption is None for message in found] == [False, True, True]
    *ranked, reason = (found[0].caption or "").splitlines()
    lines = [re.fullmatch(r"(\d)\. Photo (\d): (\d\.\d)", line) for line in ranked]
    assert [line and line[1] for line in lines] == ["1", "2", "3"]
    assert sorted(line[2] for line in lines if line) == ["1", "3", "4"]
    scores = [float(line[3]) for line in lines if line]
    assert scores == sorted(scores, reverse=True)
    assert reason.startswith("Photo 2: No face found.")


def test_an_album_of_files(product: Product) -> None:
    """Of an album of files, of which only one can be read, comes a single photo."""
    boris = product.person("ru")
    group = product.sandbox.state.new_album()
    first, _ = (
        boris.send_document(data, "me.jpg", "image/jpeg", album=group)
        for data in (PHOTO[:4000], PHOTO)
    )
    (found,) = wait_for_answers(product, boris.id, 1)
    assert found.photo
    assert found.album is None
    assert found.reply_to == first
    lines = (found.caption or "").splitlines()
    assert re.fullmatch(r"Фото 2: \d,\d", lines[0])
    assert lines[1].startswith("Фото 1: Изображение повреждено")


def test_a_full_album_in_a_group(product: Product) -> None:
    """Ten photos in a group come back at once, and count as ten of its twenty messages."""
    ann = product.person()
    group = product.sandbox.group(-1000 - ann.id)
    album = [photo(600 + 10 * number) for number in range(10)]
    ann.send_album(album, "@attrai_sandbox_bot", chat=group.id)
    found = wait_for_answers(product, group.id, 10)
    assert widths(found) == [600 + 10 * number for number in range(10)]
    calls = [call for call in product.sandbox.calls if call.chat_id == group.id]
    items = [call.items for call in calls if call.method == "sendMediaGroup"]
    assert items == [10]
    limited = ("sendMessage", "editMessageText", "sendMediaGroup")
    assert sum(call.items for call in calls if call.method in limited) <= 20
