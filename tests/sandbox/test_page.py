"""Tests for the chat page in a real browser, with the test acting as the bot."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from telegram_sandbox import Message, Sandbox, running
from testing.servers.server import reserved_port
from testing.waiting import PATIENCE_S
from tests.conftest import ASTRONAUT, ROOT
from tests.sandbox.browser import File, drop, paste, patient_context

pytestmark = pytest.mark.browser

PHOTO = File("astronaut.jpg", "image/jpeg", ASTRONAUT.read_bytes())
PAPER = File("paper.pdf", "application/pdf", b"%PDF-1.7 nothing else")
ME = 1


Call = Callable[..., dict[str, Any]]
Say = Callable[[str], int]


@pytest.fixture
def chat(page: Page, sandbox: Sandbox, url: str) -> Iterator[Page]:
    """Yield the page, opened as the user `ME`."""
    sandbox.user(ME)
    page.goto(url)
    yield page
    page.close()  # before the sandbox, which it would miss with an error in the console


@pytest.fixture
def say(call: Call) -> Say:
    """Return a function that sends a text from the bot and returns the message's id."""

    def send_message(text: str) -> int:
        return int(call("sendMessage", chat_id=ME, text=text)["result"]["message_id"])

    return send_message


def bubble(chat: Page, message_id: int) -> Locator:
    """Return the locator of a message on the page."""
    return chat.locator(f"#m{message_id}")


def sent(sandbox: Sandbox, count: int = 1) -> list[Message]:
    """Wait until the chat has at least `count` messages, and return them."""
    return sandbox.wait_for(ME, lambda messages: len(messages) >= count, PATIENCE_S)


def test_both_languages_have_the_same_texts() -> None:
    """Every text of the page exists in both languages, with the same placeholders."""
    script = (ROOT / "src/telegram_sandbox/static/texts.js").read_text("utf-8")
    dictionaries = re.findall(r"^  (?:en|ru): \{\n(.*?)\n  \},$", script, re.DOTALL | re.MULTILINE)
    english, russian = (
        {key: "{}" in text for key, text in re.findall(r'(\w+): "([^"]*)"', dictionary)}
        for dictionary in dictionaries
    )
    assert english
    assert english == russian


def test_an_empty_chat_says_what_to_do(chat: Page) -> None:
    """A first-time visitor is asked to send a photo."""
    expect(chat.get_by_role("heading", name="Send a photo with a face")).to_be_visible()
    expect(chat.get_by_role("button", name="Choose a photo")).to_be_visible()


def test_a_button_is_pressed_and_answered(chat: Page, sandbox: Sandbox, call: Call) -> None:
    """A press shows the bot's answer for some seconds, or as an alert to be closed."""
    row = [{"text": name, "callback_data": name} for name in ("quiet", "loud")]
    call("sendMessage", chat_id=ME, text="hi", reply_markup={"inline_keyboard": [row]})
    for name, alert in (("quiet", False), ("loud", True)):
        button = chat.get_by_role("button", name=name)
        button.click()
        expect(button).to_have_attribute("aria-busy", "true")
        assert sandbox.state.wait_until(lambda: sandbox.pending_updates() > 0, PATIENCE_S)
        (update,) = call("getUpdates")["result"]
        assert update["callback_query"]["data"] == name
        press = update["callback_query"]["id"]
        call(
            "answerCallbackQuery",
            callback_query_id=press,
            text=f"a {name} answer",
            show_alert=alert,
        )
        call("getUpdates", offset=update["update_id"] + 1)
        expect(button).to_have_attribute("aria-busy", "false")
    expect(chat.get_by_role("status").get_by_text("a quiet answer")).to_be_visible()
    expect(chat.get_by_role("dialog").get_by_text("a loud answer")).to_be_visible()
    chat.get_by_role("button", name="OK").click()
    expect(chat.get_by_role("dialog")).to_have_count(0)


def test_a_dragged_photo_arrives_with_its_caption(chat: Page, sandbox: Sandbox) -> None:
    """A photo that is dropped on the page is sent as a photo with its caption."""
    drop(chat, PHOTO)
    chat.get_by_label("Add a caption…").fill("Eileen")
    chat.keyboard.press("Enter")
    (message,) = sent(sandbox)
    assert message.photo
    assert message.photo.startswith(b"\xff\xd8")
    assert (message.sender, message.caption, message.edited) == ("user", "Eileen", False)
    expect(bubble(chat, message.id).get_by_alt_text("Eileen")).to_be_visible()
    expect(chat.locator(".pending")).to_have_count(0)
    expect(chat.locator("#empty, #tray")).to_have_count(2)
    expect(chat.locator("#empty:visible, #tray:visible")).to_have_count(0)


def test_a_pasted_photo_can_go_as_a_file(chat: Page, sandbox: Sandbox) -> None:
    """A pasted photo that is sent as a file keeps its name and every byte."""
    chat.get_by_label("Message…").focus()
    paste(chat, PHOTO)
    chat.get_by_label("as file").check()
    chat.get_by_role("button", name="Send").click()
    (message,) = sent(sandbox)
    assert (message.document_name, message.document) == (PHOTO.name, PHOTO.data)
    expect(bubble(chat, message.id).get_by_text("96 kB")).to_be_visible()
    expect(bubble(chat, message.id).get_by_role("img")).to_be_visible()


def test_a_photo_goes_under_a_spoiler(chat: Page, sandbox: Sandbox) -> None:
    """A photo under a spoiler is hidden until it is pressed; a file can't be under one."""
    drop(chat, PHOTO)
    chat.get_by_label("as file").check()
    expect(chat.get_by_label("under a spoiler")).to_be_disabled()
    chat.get_by_label("as photo").check()
    chat.get_by_label("under a spoiler").check()
    chat.get_by_role("button", name="Send", exact=True).click()
    (message,) = sent(sandbox)
    assert message.spoiler
    hidden = bubble(chat, message.id).locator(".spoiler")
    expect(hidden).to_have_count(1)
    hidden.click()
    expect(hidden).to_have_count(0)
    expect(chat.get_by_role("dialog")).to_have_count(0)
    drop(chat, PHOTO)
    expect(chat.get_by_label("under a spoiler")).not_to_be_checked()


def test_a_picture_goes_as_a_sticker(chat: Page, sandbox: Sandbox) -> None:
    """A picture that is sent as a sticker is shown as one."""
    drop(chat, PHOTO)
    chat.get_by_label("as sticker").check()
    chat.get_by_role("button", name="Send", exact=True).click()
    (message,) = sent(sandbox)
    assert "sticker" in sandbox.state.messages(ME)[0]
    expect(bubble(chat, message.id).get_by_role("img")).to_be_visible()
    expect(chat.locator(".pending")).to_have_count(0)


def test_several_photos_make_an_album(chat: Page, sandbox: Sandbox) -> None:
    """Photos that are chosen together form one album with the caption on the first."""
    chat.set_input_files("#files", [ASTRONAUT] * 4)
    chat.get_by_role("button", name=f"Remove {PHOTO.name}").last.click()
    chat.get_by_label("Add a caption…").fill("three")
    chat.keyboard.press("Enter")
    messages = sent(sandbox, 3)
    assert [message.caption for message in messages] == ["three", None, None]
    assert len({message.album for message in messages} - {None}) == 1
    album = chat.locator("#messages .bubble")
    expect(album).to_have_count(1)
    expect(album.get_by_role("img")).to_have_count(3)
    expect(album.get_by_text("three")).to_be_visible()


@pytest.mark.parametrize("kind", ["photo", "document"])
def test_an_album_of_the_bot(chat: Page, sandbox: Sandbox, url: str, kind: str) -> None:
    """An album of the bot is one bubble with a quote and a caption, no wider than a phone."""
    chat.set_viewport_size({"width": 360, "height": 640})
    asked = sandbox.user(ME).send_text("these")
    names = "abcde"
    media = [{"type": kind, "media": f"attach://{name}"} for name in names]
    media[0]["caption"] = "1. Photo 3"
    requests.post(
        f"{url}/bot{sandbox.token}/sendMediaGroup",
        {"chat_id": ME, "media": json.dumps(media), "reply_to_message_id": asked},
        files={name: (f"{name}.jpg", PHOTO.data, "image/jpeg") for name in names},
        timeout=PATIENCE_S,
    ).raise_for_status()
    album = chat.locator(".row.bot .bubble")
    expect(album).to_have_count(1)
    expect(album.locator(".picture img")).to_have_count(len(names))
    expect(album.get_by_text("1. Photo 3")).to_be_visible()
    expect(album.locator(".quote").first).to_be_visible()
    expect(album.locator(".quote:visible")).to_have_count(1)
    expect(album.locator("time:visible")).to_have_count(1)
    assert chat.evaluate("document.querySelector('#log').scrollWidth") <= 360


def test_what_is_no_image_goes_as_a_file(chat: Page, sandbox: Sandbox) -> None:
    """A photo and a PDF together can only be sent as files, which are downloaded unchanged."""
    drop(chat, PHOTO, PAPER)
    expect(chat.get_by_label("as photo")).to_be_disabled()
    chat.keyboard.press("Enter")
    _, message = sent(sandbox, 2)
    assert (message.document_name, message.document) == (PAPER.name, PAPER.data)
    with chat.expect_download() as download:
        bubble(chat, message.id).get_by_role("link", name=PAPER.name).click()
    assert download.value.suggested_filename == PAPER.name
    assert Path(download.value.path()).read_bytes() == PAPER.data


def test_no_more_than_ten_files_go_at_once(chat: Page) -> None:
    """Only ten of eleven files are attached, and the page says so."""
    drop(chat, *[PAPER] * 11)
    expect(chat.locator(".attachment")).to_have_count(10)
    expect(chat.get_by_role("alert")).to_have_text("At most 10 files at a time.")


def test_the_bots_picture_answers_a_photo(
    chat: Page, sandbox: Sandbox, call: Call, say: Say
) -> None:
    """The bot's picture shows its caption and the photo it replies to, and can be enlarged."""
    photo = sandbox.user(ME).send_photo(PHOTO.data)
    say("In progress")
    (update,) = call("getUpdates")["result"]
    answer = call(
        "sendPhoto",
        chat_id=ME,
        photo=update["message"]["photo"][-1]["file_id"],
        caption="5.2 ± 1.4",
        reply_parameters={"message_id": photo},
    )
    picture = bubble(chat, answer["result"]["message_id"])
    image = picture.get_by_alt_text("5.2 ± 1.4")
    expect(image).to_be_visible()
    expect(image).to_have_js_property("naturalWidth", 512)
    image.click()
    expect(chat.get_by_role("dialog").get_by_alt_text("5.2 ± 1.4")).to_be_visible()
    chat.keyboard.press("Escape")
    expect(chat.get_by_role("dialog")).to_be_hidden()
    picture.get_by_role("button", name="You").click()
    expect(chat.locator(f".row:has(#m{photo})")).to_be_focused()


def test_a_description_shows_in_an_empty_chat(chat: Page, sandbox: Sandbox, call: Call) -> None:
    """The bot's description for the user's language is shown until there is a message."""
    description = chat.locator("#description")
    expect(description).to_be_hidden()
    call("setMyDescription", description="Rates faces")
    call("setMyDescription", description="Bewertet Gesichter", language_code="de")
    expect(description).to_have_text("Rates faces")
    sandbox.user(ME, "de-AT")
    expect(description).to_have_text("Bewertet Gesichter")
    sandbox.user(ME).send_text("hi")
    expect(description).to_be_hidden()


#: The left edges of the first and the last letter of each line.
_EDGES = """({ firstChild: node }) => {
  const left = (place) => {
    const range = new Range();
    range.setStart(node, place);
    range.setEnd(node, place + 1);
    return range.getBoundingClientRect().left;
  };
  return [...node.data.matchAll(/[^\\n]+/g)].map(
    ({ 0: line, index }) => [left(index), left(index + line.length - 1)]);
}"""


def test_each_paragraph_runs_in_its_own_direction(chat: Page, say: Say) -> None:
    """A line that begins with an Arabic letter runs from right to left, and others don't."""
    number = say("abc 12 \u0645\u0631\n\u0645\u0631\u062d 12 abc.\n12 abc")
    text = bubble(chat, number).locator(".text")
    edges = text.evaluate(_EDGES)
    assert [first < last for first, last in edges] == [True, False, True]


def test_commands_are_marked_in_any_script(chat: Page, say: Say) -> None:
    """A command is a button whatever surrounds it, unless it is a part of a word."""
    number = say("/a, \u060c/b\u060c \u3002/c\u3002 x/d /e/ /f\u0645 (/g)")
    buttons = bubble(chat, number).locator(".command")
    expect(buttons).to_have_text(["/a", "/b", "/c", "/g"])


def test_a_forwarded_message_names_its_author(chat: Page, sandbox: Sandbox) -> None:
    """Above a forwarded message stands who wrote it."""
    ann = sandbox.user(2, first_name="<Ann>")
    text, photo = ann.send_text("hello"), ann.send_photo(PHOTO.data, "look")
    me = sandbox.user(ME)
    for message in (me.forward(text, of=2), me.forward(photo, of=2, hidden=True)):
        expect(bubble(chat, message).locator(".forwarded")).to_have_text("Forwarded from <Ann>")
    expect(bubble(chat, me.send_text("mine")).locator(".forwarded")).to_have_count(0)


def test_an_edit_shows_in_place(chat: Page, call: Call, say: Say) -> None:
    """An edited message changes in place, and a deleted one disappears."""
    first, second = say("about 20 s"), say("something else")
    expect(bubble(chat, second)).to_be_visible()
    call("editMessageText", chat_id=ME, message_id=first, text="about 3 s")
    expect(chat.locator("article .text")).to_have_text(["about 3 s", "something else"])
    expect(bubble(chat, first)).to_contain_text("edited")
    call("deleteMessage", chat_id=ME, message_id=first)
    expect(chat.locator("article .text")).to_have_text(["something else"])
    expect(chat.locator(".row")).to_have_count(1)


def test_an_action_lasts_until_the_next_message(chat: Page, call: Call, say: Say) -> None:
    """The header shows the bot's action until the bot's next message."""
    status = chat.locator("#status")
    expect(status).to_have_text("bot")
    chat.clock.install()
    chat.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))  # an action ends after 5 s, too
    call("sendChatAction", chat_id=ME, action="upload_photo")
    expect(status).to_have_text("sending a photo…")
    say("done")
    expect(status).to_have_text("bot")


def test_the_language_changes_words_and_updates(chat: Page, sandbox: Sandbox, call: Call) -> None:
    """The chosen language applies to the page and to the user's updates, and is remembered."""
    chat.get_by_label("Message…").fill("hello")
    chat.keyboard.press("Enter")
    sent(sandbox)
    chat.get_by_label("Language").select_option("Русский")
    chat.get_by_label("Сообщение…").fill("привет")
    chat.keyboard.press("Enter")
    sent(sandbox, 2)
    updates = call("getUpdates")["result"]
    languages = [update["message"]["from"]["language_code"] for update in updates]
    assert languages == ["en", "ru"]
    chat.reload()
    expect(chat.get_by_label("Сообщение…")).to_be_visible()
    expect(chat.locator("html")).to_have_attribute("lang", "ru")


def test_the_first_language_is_the_browsers(browser: Browser, url: str) -> None:
    """A Russian browser gets a Russian page by default."""
    with patient_context(browser, locale="ru-RU") as context:
        russian = context.new_page()
        russian.goto(url)
        expect(russian.get_by_role("heading", name="Отправьте фото")).to_be_visible()


def test_html_is_shown_as_text(chat: Page, sandbox: Sandbox) -> None:
    """HTML in a text or a file name is shown as plain text."""
    code = '<img src=x onerror="document.title=1"> & <b>'
    sandbox.user(ME).send_text(code)
    named = sandbox.user(ME).send_document(b"", f"{code}.png", "image/png", caption=code)
    expect(chat.locator("article .text")).to_have_text([code, code])
    expect(bubble(chat, named).get_by_text(f"{code}.png")).to_be_visible()
    expect(chat.locator("img[src=x]")).to_have_count(0)
    expect(chat).to_have_title("attrai sandbox")


def test_commands_are_chosen_by_keyboard(chat: Page, sandbox: Sandbox, call: Call) -> None:
    """Typing a slash lists the bot's commands, which can be filtered and chosen by keyboard."""
    names = {"start": "Begin", "styles": "Ways to draw", "help": "Help"}
    commands = [{"command": name, "description": text} for name, text in names.items()]
    call("setMyCommands", commands=commands)
    expect(chat.get_by_role("button", name="Commands")).to_be_visible()
    options = chat.locator("#menu").get_by_role("option")
    chat.get_by_label("Message…").press_sequentially("/")
    expect(options).to_have_count(3)
    chat.keyboard.type("st")
    expect(options).to_have_count(2)
    chat.keyboard.press("ArrowDown")
    chat.keyboard.press("Enter")
    (message,) = sent(sandbox)
    assert message.text == "/styles"
    expect(options).to_have_count(0)


def test_a_command_in_a_text_can_be_pressed(chat: Page, sandbox: Sandbox, say: Say) -> None:
    """A command in the bot's text is sent on a click, and a path is not taken for one."""
    answer = bubble(chat, say("See /help, not /usr/share or 3/4."))
    expect(answer.get_by_role("button")).to_have_count(1)
    answer.get_by_role("button", name="/help").click()
    assert sent(sandbox, 2)[-1].text == "/help"


def test_a_refused_photo_can_go_as_a_file(
    chat: Page, sandbox: Sandbox, console_errors: list[str]
) -> None:
    """A refused photo stays pending with the reason, and can be sent as a file instead."""
    drop(chat, File("broken.jpg", "image/jpeg", b"not a picture"))
    with chat.expect_console_message(lambda message: "status of 422" in message.text):
        chat.keyboard.press("Enter")
    refused = chat.locator(".pending")
    expect(refused.get_by_role("alert")).to_contain_text("Couldn't send this: the file is not")
    assert sandbox.messages(ME) == []
    assert "status of 422" in console_errors.pop()
    refused.get_by_role("button", name="Send as file").click()
    (message,) = sent(sandbox)
    assert message.document == b"not a picture"
    expect(refused).to_have_count(0)


def test_a_lost_stream_comes_back_without_doubles(
    page: Page, sandbox: Sandbox, console_errors: list[str]
) -> None:
    """After an outage the chat shows its current state, and a failed message can be retried."""
    me = sandbox.user(ME)
    with reserved_port() as port:
        with running(sandbox, port) as url:
            first, gone = me.send_text("first"), me.send_text("gone")
            page.goto(url)
            expect(page.locator("article .text")).to_have_text(["first", "gone"])
        expect(page.locator("#status")).to_have_text("connecting…")
        page.get_by_label("Message…").fill("third")
        page.keyboard.press("Enter")
        expect(page.locator(".pending")).to_contain_text("Can't reach the sandbox.")
        me.delete(gone)
        me.send_text("second")
        with running(sandbox, port):
            expect(page.locator("article .text")).to_have_text(["first", "second"])
            expect(page.locator("#status")).to_have_text("bot")
            page.get_by_role("button", name="Try again").click()
            expect(page.locator("article .text")).to_have_text(["first", "second", "third"])
            expect(page.locator(".pending")).to_have_count(0)
            page.goto("about:blank")
        assert all("net::ERR_" in error for error in console_errors)
        console_errors.clear()
    assert first == sandbox.messages(ME)[0].id


def test_a_user_may_block_the_bot_and_delete(chat: Page, sandbox: Sandbox, url: str) -> None:
    """Users can delete their own messages, and blocking hides the composer until unblocking."""
    chat.goto(f"{url}/?user=2")
    message = sandbox.user(2).send_text("mine")
    sandbox.user(ME).send_text("another's")
    bubble(chat, message).hover()
    bubble(chat, message).get_by_role("button", name="Delete").click()
    expect(chat.locator(".row")).to_have_count(0)
    assert sandbox.messages(2) == []
    chat.get_by_role("button", name="Block the bot").click()
    expect(chat.get_by_label("Message…")).to_be_hidden()
    chat.get_by_role("button", name="Unblock").click()
    expect(chat.get_by_label("Message…")).to_be_visible()


def test_a_phone_shows_everything(chat: Page, sandbox: Sandbox, say: Say) -> None:
    """On a phone nothing is wider than the screen, and the newest message is in view."""
    chat.set_viewport_size({"width": 360, "height": 640})
    sandbox.user(ME).send_album([PHOTO.data] * 3)
    sandbox.user(ME).send_document(b"", f"{'long' * 40}.txt", "text/plain")
    newest = bubble(chat, say("word" * 200))
    expect(newest.locator("time")).to_be_in_viewport()
    # Not by `wait_for_function`, whose second look the page's Content-Security-Policy forbids.
    chat.evaluate(
        """() => Promise.all([...document.images].filter((image) => !image.complete).map(
             (image) => new Promise((resolve) => { image.onload = image.onerror = resolve; })))"""
    )
    assert chat.evaluate("document.querySelector('#log').scrollWidth") <= 360


def test_a_page_of_another_site(browser: Browser, sandbox: Sandbox, url: str) -> None:
    """A page from elsewhere that loads calls of the Bot API as pictures achieves nothing."""
    sandbox.user(ME).send_text("hi")
    bot = f"{url}/bot{sandbox.token}"
    with foreign_site() as elsewhere, patient_context(browser) as context:
        page = context.new_page()
        page.goto(elsewhere)
        for call in (f"sendMessage?chat_id={ME}&text=hi", "getUpdates?offset=9"):
            # The browser makes the request, and hides the response as it is no picture.
            with page.expect_event("requestfailed") as request:
                page.evaluate(
                    "url => { window.image = new Image(); image.src = url; }", f"{bot}/{call}"
                )
            assert request.value.url == f"{bot}/{call}"
    assert len(sandbox.messages(ME)) == 1
    assert len(sandbox.state.updates) == 1


@contextmanager
def foreign_site() -> Iterator[str]:
    """Serve an empty page of another origin, and return its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b'<link rel="icon" href="data:,">')

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
