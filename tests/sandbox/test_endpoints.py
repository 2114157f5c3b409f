"""Tests for the chat page's endpoints and for the guard against other web pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from telegram_sandbox import Sandbox
from testing.waiting import PATIENCE_S, wait_for
from tests.sandbox.conftest import picture

Call = Callable[..., dict[str, Any]]


@contextmanager
def stream(url: str, user: int = 1) -> Iterator[Iterator[tuple[str, Any]]]:
    """Open a user's event stream and yield an iterator of event names and data."""
    with requests.get(f"{url}/page/events?user={user}", stream=True, timeout=PATIENCE_S) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")

        def events() -> Iterator[tuple[str, Any]]:
            name = ""
            for line in answer.iter_lines():
                field, _, value = line.decode().partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    yield name, json.loads(value)

        yield events()


def test_page_presses_buttons(call: Call, sandbox: Sandbox, url: str) -> None:
    """The stream has a message's buttons, a press reaches the bot, and its answer the stream."""
    sandbox.user()
    row = [{"text": "more", "callback_data": "a"}, {"text": "site", "url": "https://a.org"}]
    call("sendMessage", chat_id=1, text="hi", reply_markup={"inline_keyboard": [row]})
    with stream(url) as events:
        name, message = next(events)
        assert (name, message["buttons"]) == (
            "message",
            [[{"text": "more", "data": "a"}, {"text": "site", "url": "https://a.org"}]],
        )
        before = [next(events)[0] for _ in range(3)]
        assert before == ["commands", "blocked", "description"]
        press = {"user": 1, "id": message["id"], "data": "a"}
        answer = requests.post(f"{url}/page/press", json=press, timeout=PATIENCE_S).json()
        (update,) = call("getUpdates")["result"]
        assert update["callback_query"]["id"] == answer["press"]
        call("answerCallbackQuery", callback_query_id=answer["press"], text="done")
        shown = {"press": answer["press"], "text": "done", "alert": False}
        assert next(events) == ("pressed", shown)
        wrong = requests.post(f"{url}/page/press", json={**press, "id": 9}, timeout=PATIENCE_S)
        assert wrong.status_code == 422


def test_page_shows_what_was_and_what_comes(call: Call, sandbox: Sandbox, url: str) -> None:
    """The stream begins with the history and continues with every change in the chat."""
    ann = sandbox.user()
    ann.send_photo(picture(), "look")
    sandbox.user(2).send_text("of another chat")
    with stream(url) as events:
        name, photo = next(events)
        assert name == "message"
        assert photo.pop("date") == sandbox.messages(1)[0].date
        address = photo.pop("photo")
        size = {"width": 640, "height": 480}
        assert photo == {"id": 1, "from": "user", "caption": "look", **size}
        assert (
            requests.get(url + address, timeout=PATIENCE_S).headers["content-type"] == "image/jpeg"
        )
        assert next(events) == ("commands", [])
        assert next(events) == ("blocked", {"blocked": False})
        assert next(events) == ("description", {"description": ""})

        call("sendChatAction", chat_id=1, action="typing")
        assert next(events) == ("action", {"action": "typing"})
        sent = call("sendMessage", chat_id=1, text="hi", reply_to_message_id=1)["result"]
        name, message = next(events)
        assert message.pop("date")
        told = {"id": sent["message_id"], "from": "bot", "text": "hi", "reply_to": 1}
        assert (name, message) == ("message", told)
        call("editMessageText", chat_id=1, message_id=sent["message_id"], text="bye")
        name, message = next(events)
        assert (name, message["id"], message["text"]) == ("edited", sent["message_id"], "bye")
        ann.send_document(b"%PDF-", "a.pdf", "application/pdf")
        name, message = next(events)
        document = message["document"]
        assert (name, document["name"], document["size"]) == ("message", "a.pdf", 5)
        assert requests.get(url + document["url"], timeout=PATIENCE_S).content == b"%PDF-"
        call("deleteMessage", chat_id=1, message_id=sent["message_id"])
        assert next(events) == ("deleted", {"id": sent["message_id"]})

        english, russian = (
            [{"command": "help", "description": text}] for text in ("Help", "Помощь")
        )
        call("setMyCommands", commands=russian, language_code="ru")
        assert next(events) == ("commands", [])
        call("setMyCommands", commands=english)
        assert next(events) == ("commands", english)
        sandbox.user(1, "ru")
        assert next(events) == ("commands", russian)
        assert next(events) == ("description", {"description": ""})
        call("setMyDescription", description="Я оцениваю", language_code="ru")
        assert next(events) == ("description", {"description": "Я оцениваю"})
        ann.block()
        assert next(events) == ("blocked", {"blocked": True})


def test_page_that_is_closed_is_forgotten(sandbox: Sandbox, url: str) -> None:
    """A stream's listener is removed when the client disconnects."""
    with stream(url) as events:
        next(events)
        assert len(sandbox.state._listeners) == 1
    wait_for(lambda: not sandbox.state._listeners)


def test_quiet_stream_shows_that_it_lives(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle stream gets comments that keep the connection open."""
    monkeypatch.setattr("telegram_sandbox.page.KEEP_ALIVE_SECONDS", 0.05)
    with requests.get(f"{url}/page/events", stream=True, timeout=PATIENCE_S) as answer:
        assert b": still here" in answer.iter_lines()


def send(url: str, files: list[tuple[str, tuple[str, bytes, str]]] = (), **fields: str) -> Any:
    """Post a message as the page does, and return the response."""
    parts = [(name, (None, text)) for name, text in fields.items()]
    return requests.post(f"{url}/page/messages", files=[*parts, *files], timeout=PATIENCE_S)


def test_page_sends_messages_of_every_kind(sandbox: Sandbox, url: str) -> None:
    """Text, photos, albums and documents are sent as the user and in their language."""
    photo = ("a.jpg", picture(), "image/jpeg")
    pdf = ("отчёт.pdf", b"%PDF-", "application/pdf")
    answers = [
        send(url, user="7", language="ru", text=" hi "),
        send(url, [("photo", photo)], user="7", caption="one"),
        send(url, [("photo", photo)] * 2, user="7", caption="two"),
        send(url, [("document", pdf)], user="7"),
        send(url, [("document", pdf)] * 2, user="7", caption="three"),
    ]
    assert [answer.json() for answer in answers] == [
        {"ids": [1]},
        {"ids": [2]},
        {"ids": [3, 4]},
        {"ids": [5]},
        {"ids": [6, 7]},
    ]
    assert sandbox.state.user(7)["language_code"] == "ru"
    text, one, two, other, document, three, last = sandbox.messages(7)
    assert text.text == "hi"
    assert [(bool(photo.photo), photo.caption) for photo in (one, two, other)] == [
        (True, "one"),
        (True, "two"),
        (True, None),
    ]
    assert one.album is None
    assert two.album == other.album is not None
    assert (document.document, document.document_name) == (b"%PDF-", "отчёт.pdf")
    assert three.album == last.album != two.album
    assert (three.caption, last.caption) == ("three", None)


def test_page_sends_and_shows_what_is_hidden_or_moves(sandbox: Sandbox, url: str) -> None:
    """Photos go under a spoiler, and stickers and GIFs as what they are, and are shown so."""
    photo, gif = ("a.jpg", picture(), "image/jpeg"), ("a.gif", picture(kind="GIF"), "image/gif")
    send(url, [("photo", photo)], spoiler="true")
    send(url, [("photo", photo)] * 2, spoiler="true")
    send(url, [("sticker", photo)])
    send(url, [("photo", gif)], caption="moving")
    sandbox.user().send_video_note(picture(240, 240))
    kinds = ("photo", "sticker", "animation", "video_note")
    sent = sandbox.state.messages(1)
    assert [next(kind for kind in kinds if kind in message) for message in sent] == (
        ["photo"] * 3 + list(kinds[1:])
    )
    assert [message.spoiler for message in sandbox.messages(1)] == [True] * 3 + [False] * 3
    with stream(url) as events:
        shown = [data for name, data in (next(events) for _ in range(6)) if name == "message"]
    assert [message.get("spoiler") for message in shown] == [True] * 3 + [None] * 3
    assert [(message["width"], message["height"]) for message in shown] == (
        [(640, 480)] * 3 + [(512, 384), (320, 240), (240, 240)]
    )
    assert not any("document" in message for message in shown)
    for message in shown:
        assert requests.get(url + message["photo"], timeout=PATIENCE_S).status_code == 200


def test_page_is_told_what_is_wrong(sandbox: Sandbox, url: str) -> None:
    """An invalid request is refused with 422 and the reason, and nothing is sent."""
    text = ("a.jpg", b"text", "image/jpeg")
    heavy = ("a.bin", bytes(50 * 2**20 + 1), "application/octet-stream")
    refusals = [
        (send(url, [("photo", text)], user="1"), "not a picture that can be read"),
        (send(url, [("document", text)] * 11, user="1"), "Too many files"),
        (send(url, [("document", heavy)], user="1"), "may have 50 MB"),
        (send(url, user="1", text=" "), "nothing to send"),
        (send(url, user="Ann", text="hi"), "invalid literal"),
        (requests.get(f"{url}/page/events?user=Ann", timeout=PATIENCE_S), "must be a number"),
        (requests.post(f"{url}/page/block", json={"user": 1}, timeout=PATIENCE_S), "blocked"),
        (requests.post(f"{url}/page/delete", b"{", timeout=PATIENCE_S), "JSON"),
    ]
    for answer, reason in refusals:
        assert answer.status_code == 422
        assert reason in answer.json()["error"]
    assert sandbox.messages(1) == []


def test_page_blocks_and_deletes(sandbox: Sandbox, url: str) -> None:
    """The page can block the bot, unblock it and delete a message."""
    sent = sandbox.user().send_text("hi")
    for blocked in (True, False):
        answer = requests.post(
            f"{url}/page/block", json={"user": 1, "blocked": blocked}, timeout=PATIENCE_S
        )
        assert answer.ok
        assert sandbox.state.has_blocked(1) == blocked
    answer = requests.post(f"{url}/page/delete", json={"user": 1, "id": sent}, timeout=PATIENCE_S)
    assert answer.json() == {"deleted": True}
    assert sandbox.messages(1) == []


def test_documents_are_saved_and_not_opened(sandbox: Sandbox, url: str) -> None:
    """HTML and SVG documents are served as downloads, and pictures for display."""
    ann = sandbox.user()
    ann.send_document(b"<script>", "ü.html", "text/html")
    ann.send_document(picture(kind="PNG"), "a.png", "image/png")
    ann.send_document(b"<svg/>", "a.svg", "image/svg+xml")
    page, png, svg = (
        requests.get(f"{url}/page/files/{message['document']['file_id']}", timeout=PATIENCE_S)
        for message in sandbox.state.messages(1)
    )
    assert page.content == b"<script>"
    assert page.headers["content-disposition"] == "attachment; filename*=utf-8''%C3%BC.html"
    assert png.headers["content-type"] == "image/png"
    assert "content-disposition" not in png.headers
    for saved in (page, svg):
        assert saved.headers["content-type"] == "application/octet-stream"
        assert saved.headers["content-disposition"].startswith("attachment")
    assert requests.get(f"{url}/page/files/none", timeout=PATIENCE_S).status_code == 404


def test_page_is_served_with_care(url: str) -> None:
    """The page and its files are served with headers that forbid scripts from elsewhere."""
    for path in ("/", "/static/index.html"):
        answer = requests.get(url + path, timeout=PATIENCE_S)
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; img-src 'self' blob:;")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[", ""]
)
def test_foreign_names_are_refused(url: str, host: str) -> None:
    """A Host header with a name that is not loopback is refused with 403."""
    answer = requests.get(f"{url}/page/events", headers={"Host": host}, timeout=PATIENCE_S)
    assert answer.status_code == 403


def test_foreign_pages_load_nothing(sandbox: Sandbox, url: str) -> None:
    """A page of another origin can't call the Bot API as a picture, link or script."""
    sandbox.user().send_text("hi")
    call = f"{url}/bot{sandbox.token}/sendMessage?chat_id=1&text=hi"
    updates = f"{url}/bot{sandbox.token}/getUpdates?offset=9"
    for site in ("cross-site", "same-site"):  # another port of this machine is the same site
        for mode in ("no-cors", "cors", "navigate"):
            headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
            for address in (call, updates, f"{url}/page/events?user=1"):
                answer = requests.get(address, headers=headers, timeout=PATIENCE_S)
                assert answer.status_code == 403
    assert len(sandbox.messages(1)) == 1
    assert len(sandbox.state.updates) == 1


def test_the_page_can_be_linked_to(url: str) -> None:
    """A link elsewhere opens the page, which then loads its own files; an address does as well."""
    for path, site, mode in (
        ("/", "cross-site", "navigate"),
        ("/", "none", "navigate"),
        ("/static/index.html", "same-origin", "no-cors"),
        ("/bot1000:sandbox/getMe", "none", "navigate"),
    ):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
        assert requests.get(url + path, headers=headers, timeout=PATIENCE_S).ok


@pytest.mark.parametrize("path", ["/page/block", "/bot1000:sandbox/sendMessage"])
def test_foreign_pages_are_refused(sandbox: Sandbox, url: str, path: str) -> None:
    """A page of another origin can't post, while the sandbox's own page and programs can."""
    sandbox.user()
    fields = {"user": 1, "blocked": False, "chat_id": 1, "text": "hi"}
    own_by_name = url.replace("127.0.0.1", "localhost")
    for origin, allowed in (
        (url, True),
        (None, True),
        (own_by_name, False),
        ("null", False),
        ("https://evil.example", False),
    ):
        headers = {"Origin": origin} if origin else {}
        answer = requests.post(url + path, json=fields, headers=headers, timeout=PATIENCE_S)
        assert answer.status_code == (200 if allowed else 403)
    assert requests.post(own_by_name + path, json=fields, timeout=PATIENCE_S).ok
