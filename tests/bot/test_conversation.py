"""Users talk to the bot, through the sandbox's Python interface and its chat page."""

from __future__ import annotations

import re
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from attrai.locales import text
from telegram_sandbox import Faults, Message, Sandbox, running
from testing.servers.server import reserved_port
from testing.waiting import wait_for
from tests.bot.conftest import ADMIN, WAIT, Product, Program
from tests.conftest import ASTRONAUT
from tests.sandbox.browser import File, drop

pytestmark = pytest.mark.slow

PHOTO = ASTRONAUT.read_bytes()
#: Matches progress messages.
NOTICE = re.compile("Rating your|Оцениваю")


def answers(messages: list[Message], to: int) -> list[Message]:
    """Return the bot's answers to a message, without progress messages."""
    return [
        message
        for message in messages
        if message.sender == "bot"
        and message.reply_to == to
        and not NOTICE.search(message.text or "")
    ]


def jpeg(width: int, height: int) -> bytes:
    """Return a white JPEG."""
    file = BytesIO()
    Image.new("RGB", (width, height), "white").save(file, "JPEG")
    return file.getvalue()


def test_a_conversation(product: Product) -> None:
    """Photos are rated and anything else gets a helpful reply, in the user's language."""
    ann, boris = product.person("en"), product.person("ru-RU")
    photo = ann.send_photo(PHOTO, "spotlight please")
    file = boris.send_document(PHOTO, "me.jpg", "image/jpeg")
    messages = product.sandbox.wait_for(ann.id, lambda found: bool(answers(found, photo)), WAIT)
    [picture] = answers(messages, photo)
    assert picture.photo is not None
    assert re.fullmatch(r"\d\.\d / 10", picture.caption or "")
    messages = product.sandbox.wait_for(boris.id, lambda found: bool(answers(found, file)), WAIT)
    assert re.fullmatch(r"\d,\d из 10", answers(messages, file)[0].caption or "")
    for chat in (ann.id, boris.id):  # progress messages are deleted
        product.sandbox.wait_for(
            chat, lambda found: not any(NOTICE.search(m.text or "") for m in found), WAIT
        )

    texts = {}
    for send, words in (
        (partial(boris.send_text, "/start"), "Привет"),
        (partial(boris.send_text, "как дела?"), "Это не фото"),
        (boris.send_voice, "Это не фото"),
        (boris.send_video, "Видео я не оцениваю"),
        (boris.send_sticker, "Видео я не оцениваю"),
    ):
        message = send()
        texts[message] = words
        # Not two at once, of which only the last would be answered.
        product.sandbox.wait_for(boris.id, lambda found, to=message: bool(answers(found, to)), WAIT)
    photos = {
        boris.send_photo(jpeg(300, 30)): "слишком маленькое",
        boris.send_document(b"%PDF-1.7", "cv.pdf", "application/pdf"): "не изображение",
        boris.send_document(b"", "empty.jpg", "image/jpeg"): "повреждено",
        boris.send_document(PHOTO[:4000], "half.jpg", "image/jpeg"): "повреждено",
        boris.send_photo(jpeg(300, 300)): "нашёл лица",
    }
    messages = product.sandbox.wait_for(
        boris.id, lambda found: all(answers(found, message) for message in photos), WAIT
    )
    for message, words in (texts | photos).items():
        assert [words in (answer.text or "") for answer in answers(messages, message)] == [True]
    assert product.bot.process.poll() is None


def test_the_operator_asks(product: Product) -> None:
    """/admin sends the status and the charts, and shows a live worker at each stage."""
    operator, ann = product.sandbox.user(ADMIN), product.person()
    photo = ann.send_photo(PHOTO)
    product.sandbox.wait_for(ann.id, lambda found: bool(answers(found, photo)), WAIT)
    asked = ann.send_text("/admin")
    *_, answer = product.sandbox.wait_for(ann.id, lambda found: found[-1].reply_to == asked, WAIT)
    assert "Send me a photo" in (answer.text or "")
    asked = operator.send_text("/admin")
    messages = product.sandbox.wait_for(ADMIN, lambda found: bool(answers(found, asked)), WAIT)
    [answer] = answers(messages, asked)
    assert answer.photo is not None
    status = answer.caption or ""
    assert re.search(r"Today: \d+ photos? from \d+ (person|people)\.", status)
    assert re.search(r"score: 0 waiting, 1 worker, \d+ per minute", status)
    assert "Dead letters: 0." in status
    assert "is down" not in status


def test_a_flood(product: Product) -> None:
    """300 texts of one person get a few replies, the last one included, and hold up nobody else."""
    eve, bob = product.person(), product.person()
    with product.sandbox.state.lock:  # the bot gets all of it in as few batches as it can
        flood = [eve.send_text(f"hello {number}") for number in range(300)]
        asked, photo = bob.send_text("/help"), bob.send_photo(PHOTO)
    messages = product.sandbox.wait_for(
        bob.id, lambda found: bool(answers(found, asked) and answers(found, photo)), WAIT
    )
    assert "Send me a photo" in (answers(messages, asked)[0].text or "")
    assert answers(messages, photo)[0].photo is not None
    messages = product.sandbox.wait_for(eve.id, lambda found: bool(answers(found, flood[-1])), WAIT)
    calls = [call.chat_id for call in product.sandbox.calls if call.method == "sendMessage"]
    assert calls[: calls.index(bob.id)].count(eve.id) <= 30
    assert calls.count(eve.id) <= 30
    assert all(len(answers(messages, text)) <= 1 for text in flood)


def test_an_album(product: Product) -> None:
    """Each photo of an album is drawn as its caption says, with one progress message in total."""
    ann = product.person()
    album = ann.send_album([PHOTO] * 3, "ranking")
    messages = product.sandbox.wait_for(
        ann.id, lambda found: sum(len(answers(found, photo)) for photo in album) == 3, WAIT
    )
    for picture in (answer for photo in album for answer in answers(messages, photo)):
        assert picture.photo is not None
        with Image.open(BytesIO(picture.photo)) as image:
            assert image.size != (512, 512)  # the ranking is beside the photo
    # The album has at most one progress message.
    methods = [call.method for call in product.sandbox.calls if call.chat_id == ann.id]
    assert methods.count("sendMessage") <= 1


def test_a_group(product: Product) -> None:
    """In a group, only photos that are addressed to the bot are rated."""
    group, ann = product.sandbox.group(), product.person()
    unasked = ann.send_photo(PHOTO, chat=group.id)
    asked = ann.send_photo(PHOTO, "@attrai_sandbox_bot look", chat=group.id)
    messages = product.sandbox.wait_for(group.id, lambda found: bool(answers(found, asked)), WAIT)
    assert answers(messages, asked)[0].photo
    assert answers(messages, unasked) == []


def test_what_is_no_message_of_ours(product: Product) -> None:
    """Unknown updates, malformed JSON and malformed responses never stop the bot."""
    sandbox = product.sandbox
    sandbox.inject({"a_kind_of_the_future": {"id": 1}})
    sandbox.inject({"message": {"message_id": "seven", "chat": None}})
    sandbox.inject({"message": 5})
    sandbox.inject_body(b'{"ok": true, "result": [{"update')
    sandbox.inject_body(b'{"ok": true, "result": {"no": "list"}}')
    sandbox.inject_body(b'{"ok": true, "result": ["no update", null, {"update_id": "x"}]}')
    sandbox.inject_body(b"[]")
    ann = product.person()
    photo = ann.send_photo(PHOTO)
    messages = sandbox.wait_for(ann.id, lambda found: bool(answers(found, photo)), WAIT)
    assert answers(messages, photo)[0].photo is not None
    # The next call confirms the update, and the answer may come before it.
    wait_for(lambda: sandbox.pending_updates() == 0, "an update is not confirmed")
    assert product.bot.process.poll() is None


def test_a_blocked_bot_and_a_deleted_photo(product: Product) -> None:
    """Users who block the bot or delete their photo get no answer, and nothing is left behind."""
    ann, bob, eve = product.person(), product.person(), product.person()
    product.sandbox.faults = Faults(
        server_error=1, methods=["file"]
    )  # their photos can't be fetched yet
    ann.send_photo(PHOTO)
    deleted = bob.send_photo(PHOTO)
    product.sandbox.wait_for(bob.id, lambda found: len(found) > 1, WAIT)
    ann.block()
    bob.delete(deleted)
    product.sandbox.faults = Faults()
    late = eve.send_photo(PHOTO)
    product.sandbox.wait_for(eve.id, lambda found: bool(answers(found, late)), WAIT)
    product.sandbox.wait_for(bob.id, lambda found: not found, WAIT)
    # Both answers have been tried, and were refused.
    for user, status in ((ann, 403), (bob, 400)):
        wait_for(lambda tried=(user.id, status): tried in pictures(product.sandbox))  # type: ignore[misc]  # bound now
    assert [m for m in product.sandbox.messages(ann.id) if m.photo and m.sender == "bot"] == []


def pictures(sandbox: Sandbox) -> list[tuple[int | None, int]]:
    """Return the chat and the HTTP status of each picture that was sent or refused."""
    return [(call.chat_id, call.status) for call in sandbox.calls if call.method == "sendPhoto"]


@pytest.mark.browser
def test_the_chat_page(product: Product, page: Page) -> None:
    """A photo that is dropped on the chat page is rated."""
    page.goto(f"{product.url}/?user={product.person().id}")
    drop(page, File("me.jpg", "image/jpeg", PHOTO))
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"\d\.\d / 10"))).to_be_visible(timeout=WAIT * 1000)
    expect(page.get_by_text("Rating your")).to_have_count(0)


@pytest.mark.browser
def test_a_language_is_chosen(product: Product, page: Page) -> None:
    """A language is chosen by a button in the chat, and the next photo is answered in it."""
    ann = product.person()
    page.goto(f"{product.url}/?user={ann.id}")
    page.get_by_label("Message…").fill("/language")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="العربية").click(timeout=WAIT * 1000)
    expect(page.get_by_text(text("language-set", "ar"))).to_be_visible(timeout=WAIT * 1000)
    expect(page.get_by_role("button", name="العربية")).to_have_count(0)
    drop(page, File("me.jpg", "image/jpeg", PHOTO))
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"\d\.\d من 10"))).to_be_visible(timeout=WAIT * 1000)
    asked = ann.send_text("/language ja")
    messages = product.sandbox.wait_for(ann.id, lambda found: bool(answers(found, asked)), WAIT)
    assert answers(messages, asked)[0].text == text("language-set", "ja")


def environment(url: str, token: str, folder: Path) -> dict[str, str]:
    """Return the environment variables of an embedded bot."""
    return {
        "ATTRAI_TELEGRAM_TOKEN": token,
        "ATTRAI_TELEGRAM_API_URL": url,
        "TMPDIR": str(folder),
    }


def test_a_refused_token(tmp_path: Path) -> None:
    """A missing or refused token ends the bot with a line that names the setting."""
    with running(Sandbox()) as url:
        for token in ("9:wrong", "nonsense", ""):
            with Program("bot", "--embedded", environment=environment(url, token, tmp_path)) as bot:
                assert bot.wait() == 2
            assert "ATTRAI_TELEGRAM_TOKEN" in bot.output[-1]
            assert "9:wrong" not in "".join(bot.output)


def test_a_token_that_is_refused_later(tmp_path: Path) -> None:
    """If Telegram is reached only after the start and refuses the token, a line says so as well."""
    with reserved_port() as port:
        settings = environment(f"http://127.0.0.1:{port}", "9:wrong", tmp_path)
        with Program("bot", "--embedded", environment=settings) as bot:
            wait_for(lambda: any("can't be asked" in line for line in bot.output))
            with running(Sandbox(), port):
                assert bot.wait() == 2
    assert "attrai: ATTRAI_TELEGRAM_TOKEN" in bot.output[-1]
    assert "Traceback" not in "".join(bot.output)


def test_a_second_poller(tmp_path: Path) -> None:
    """A bot logs that another program polls, and continues when that has ended."""
    sandbox = Sandbox()
    with running(sandbox) as url:
        settings = environment(url, sandbox.token, tmp_path)
        with Program("bot", "--embedded", environment=settings) as bot:
            wait_for(lambda: any("Listening" in line for line in bot.output))
            with Program("bot", "--embedded", environment=settings) as other:
                wait_for(
                    lambda: any("another program" in line for line in bot.output + other.output)
                )
            photo = sandbox.user(1).send_photo(PHOTO)
            sandbox.wait_for(1, lambda found: bool(answers(found, photo)), WAIT)


def test_telegram_out_of_reach(tmp_path: Path) -> None:
    """A bot that starts while Telegram is unreachable waits for it, and never logs its token."""
    token = "123456:a-very-secret-token"  # noqa: S105 - it opens only the sandbox
    sandbox = Sandbox(token)
    with reserved_port() as port:
        settings = environment(f"http://127.0.0.1:{port}", token, tmp_path)
        with Program("bot", "--embedded", environment=settings) as bot:
            wait_for(lambda: any("can't be" in line for line in bot.output))
            with running(sandbox, port):
                photo = sandbox.user(1).send_photo(PHOTO)
                sandbox.wait_for(1, lambda found: bool(answers(found, photo)), WAIT)
    assert "very-secret" not in "".join(bot.output)
