"""Users press the buttons under answers of the whole product, embedded and over the queues."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from telegram_sandbox import Faults, Message, User
from tests.bot.conftest import WAIT, Product
from tests.bot.test_conversation import PHOTO, answers

pytestmark = pytest.mark.slow


def answer_to(product: Product, user: User, photo: int) -> Message:
    """Wait for the answer to a photo."""
    found = product.sandbox.wait_for(user.id, lambda seen: bool(answers(seen, photo)), WAIT)
    return answers(found, photo)[0]


def size(message: Message) -> tuple[int, int]:
    """Return the size of a message's picture."""
    with Image.open(BytesIO(message.photo or message.document or b"")) as image:
        return image.size


def press(product: Product, user: User, message: Message, label: str) -> str:
    """Press a button, and return the text with which it is answered."""
    data = next(key.data for row in message.buttons for key in row if key.text == label)
    return product.sandbox.wait_for_answer(user.press(message.id, data), WAIT).text


def test_styles_file_and_delete(product: Product) -> None:
    """An answer is drawn again in place, sent as a file, and deleted."""
    ann = product.person()
    photo = ann.send_photo(PHOTO)
    first = answer_to(product, ann, photo)
    assert press(product, ann, first, "Ranking") == "One moment…"

    def redrawn(messages: list[Message]) -> bool:
        return any(message.id == first.id and message.edited for message in messages)

    second = next(
        message
        for message in product.sandbox.wait_for(ann.id, redrawn, WAIT)
        if message.id == first.id
    )
    assert size(second) != size(first)  # it has a list below the photo
    assert (second.caption, second.reply_to) == (first.caption, photo)

    press(product, ann, second, "As a file")
    messages = product.sandbox.wait_for(ann.id, lambda found: len(answers(found, photo)) == 2, WAIT)
    file = answers(messages, photo)[1]
    assert size(file) == size(second)

    press(product, ann, second, "Delete")
    product.sandbox.wait_for(
        ann.id, lambda found: [m.id for m in answers(found, photo)] == [file.id], WAIT
    )


def test_a_photo_that_telegram_no_longer_has(product: Product) -> None:
    """If the photo's file is refused, the buttons go, and nothing is left behind."""
    ann = product.person()
    photo = ann.send_photo(PHOTO)
    first = answer_to(product, ann, photo)
    files = product.sandbox.state.files
    message = product.sandbox.state.message(ann.id, photo)
    assert message is not None
    for each in message["photo"]:
        files.forget(each["file_id"])
    press(product, ann, first, "Spotlight")
    messages = product.sandbox.wait_for(ann.id, lambda found: found[-1].id > first.id, WAIT)
    shown = {message.id: message for message in messages}
    assert shown[first.id].buttons == []
    assert "photo is gone" in (messages[-1].text or "")


def test_cancel(product: Product) -> None:
    """A photo that is cancelled gets no answer, and its progress message goes."""
    ann, eve = product.person(), product.person()
    product.sandbox.faults = Faults(server_error=1, methods=["file"])  # it can't be fetched yet
    photo = ann.send_photo(PHOTO)
    progress = product.sandbox.wait_for(ann.id, lambda found: len(found) == 2, WAIT)[1]
    assert press(product, ann, progress, "Cancel") == "Cancelled."
    product.sandbox.wait_for(ann.id, lambda found: [m.id for m in found] == [photo], WAIT)
    product.sandbox.faults = Faults()
    # Nothing comes later either.
    answer_to(product, eve, eve.send_photo(PHOTO))
    assert [message.id for message in product.sandbox.messages(ann.id)] == [photo]


@pytest.mark.browser
def test_the_chat_page(product: Product, page: Page) -> None:
    """On the chat page a press of a style changes the picture, and delete takes it away."""
    ann = product.person()
    page.goto(f"{product.url}/?user={ann.id}")
    first = answer_to(product, ann, ann.send_photo(PHOTO))
    answer = page.locator(f"#m{first.id}")
    answer.get_by_role("button", name="Spotlight").click()
    expect(page.get_by_text("One moment…")).to_be_visible(timeout=WAIT * 1000)
    expect(answer.get_by_role("button", name="Boxes")).to_be_visible(timeout=WAIT * 1000)
    answer.get_by_role("button", name="Delete").click()
    expect(answer).to_have_count(0, timeout=WAIT * 1000)
