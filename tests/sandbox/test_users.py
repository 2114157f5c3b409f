"""Tests for the actions of users and for the visible messages of a chat."""

from __future__ import annotations

import re
import threading
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from telegram_sandbox import Message, Sandbox
from telegram_sandbox.commands import entities
from telegram_sandbox.errors import ActionRefused
from telegram_sandbox.media import Files, Media
from testing.waiting import PATIENCE_S
from tests.sandbox.conftest import picture


@settings(max_examples=30)
@given(st.integers(1, 3000), st.integers(1, 3000))
def test_photo_comes_in_telegrams_sizes(width: int, height: int) -> None:
    """A photo is scaled to longer sides of 90, 320, 800 and 1280 pixels, but never enlarged."""
    files = Files()
    sizes = Media(files).photo(_plain(width, height))
    longest = min(max(width, height), 1280)
    sides = [max(size["width"], size["height"]) for size in sizes]
    assert sides == [*(side for side in (90, 320, 800, 1280) if side < longest), longest]
    for size in sizes:
        assert abs(size["width"] * height - size["height"] * width) <= 2 * max(width, height)
        file = files.get(size["file_id"])
        assert file
        assert len(file.data) == size["file_size"]
        assert Image.open(BytesIO(file.data)).size == (size["width"], size["height"])


def _plain(width: int, height: int) -> bytes:
    file = BytesIO()
    Image.new("L", (width, height)).save(file, "PNG")
    return file.getvalue()


def test_photo_loses_its_metadata(sandbox: Sandbox) -> None:
    """A photo is rotated upright and stripped of EXIF data, as in the apps."""
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: rotated by 90 degrees
    exif[0x010E] = "secret place"
    file = BytesIO()
    Image.open(BytesIO(picture(400, 300))).save(file, "JPEG", exif=exif)
    sandbox.user().send_photo(file.getvalue())
    (message,) = sandbox.messages(1)
    assert message.photo
    seen = Image.open(BytesIO(message.photo))
    assert (seen.size, dict(seen.getexif())) == ((300, 400), {})


def test_what_is_no_picture_is_no_photo(sandbox: Sandbox) -> None:
    """A file that is not a picture is refused as a photo and accepted as a document."""
    ann = sandbox.user()
    with pytest.raises(ActionRefused, match="not a picture"):
        ann.send_photo(b"text")
    with pytest.raises(ActionRefused, match="not a picture"):
        ann.send_album([picture(), b"text"])
    ann.send_document(b"text", "a.jpg", "image/jpeg")
    ann.send_document(b"", "empty.jpg", "image/jpeg")
    assert [message.document for message in sandbox.messages(1)] == [b"text", b""]


@given(st.text())
def test_entities_lie_within_the_text(text: str) -> None:
    """An entity's UTF-16 offset and length cover exactly one command or mention."""
    units = text.encode("utf-16-le", "surrogatepass")
    for entity in entities(text):
        start, end = (2 * entity["offset"], 2 * (entity["offset"] + entity["length"]))
        marked = units[start:end].decode("utf-16-le")
        assert re.fullmatch(r"/\w+(@\w+)?" if entity["type"] == "bot_command" else r"@\w+", marked)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("/rate", [("bot_command", "/rate")]),
        ("👍/rate@a_bot, @ann_lee!", [("bot_command", "/rate@a_bot"), ("mention", "@ann_lee")]),
        ("ann@example.org and/or a/b //x @1ab", []),
    ],
)
def test_commands_and_mentions_are_marked(text: str, marked: list[tuple[str, str]]) -> None:
    """Commands and mentions are found, but not inside e-mail addresses, paths or words."""
    units = text.encode("utf-16-le")
    found = [
        (found["type"], units[2 * found["offset"] :][: 2 * found["length"]].decode("utf-16-le"))
        for found in entities(text)
    ]
    assert found == marked


def test_users_keep_what_is_known_of_them(sandbox: Sandbox) -> None:
    """Asking for a known user without a language or name keeps both."""
    sandbox.user(5, "ru", "Ann")
    sandbox.user(5)
    assert sandbox.state.user(5) == {
        "id": 5,
        "is_bot": False,
        "first_name": "Ann",
        "language_code": "ru",
    }


def test_replies_and_deletions_are_visible(sandbox: Sandbox) -> None:
    """A reply shows the id of the original, and a deleted message is gone."""
    ann = sandbox.user()
    first = ann.send_text("first")
    second = ann.send_text("second", reply_to=first)
    assert [message.reply_to for message in sandbox.messages(1)] == [None, first]
    assert ann.delete(first)
    assert not ann.delete(first)
    assert [message.id for message in sandbox.messages(1)] == [second]


def test_ids_count_over_all_chats(sandbox: Sandbox) -> None:
    """Message ids are unique across all chats."""
    ann, bob, group = sandbox.user(1), sandbox.user(2), sandbox.group()
    sent = [ann.send_text("a"), bob.send_text("b"), ann.send_text("c", chat=group.id)]
    assert sent == [1, 2, 3]
    assert [message.text for message in sandbox.messages(group.id)] == ["c"]


def test_who_has_blocked_the_bot_is_silent(sandbox: Sandbox) -> None:
    """A user who has blocked the bot can write to it only after unblocking it."""
    ann = sandbox.user()
    ann.block()
    ann.block()
    with pytest.raises(ActionRefused, match="blocked"):
        ann.send_text("hi")
    ann.unblock()
    ann.send_text("hi")
    assert sandbox.pending_updates() == 3


def test_waiting_ends_when_the_condition_holds(sandbox: Sandbox) -> None:
    """A wait ends with another thread's message, and a timeout lists the messages."""
    ann = sandbox.user()
    looked = threading.Event()

    def send_once_it_waits() -> None:
        if looked.wait(PATIENCE_S):
            ann.send_text("hi")

    def is_there(messages: list[Message]) -> bool:
        looked.set()
        return len(messages) == 1

    sending = threading.Thread(target=send_once_it_waits)
    sending.start()
    (message,) = sandbox.wait_for(1, is_there, seconds=PATIENCE_S)
    sending.join()
    assert message.text == "hi"
    with pytest.raises(TimeoutError, match="1 user text 'hi'"):
        sandbox.wait_for(1, lambda messages: len(messages) == 2, seconds=0.01)


def test_oldest_files_make_room() -> None:
    """A store that exceeds its capacity drops the oldest files, and only those."""
    files = Files(capacity=1000)
    kept = [files.add(bytes(300), f"{number}", "image/jpeg", "photos") for number in range(5)]
    assert [files.get(file.id) for file in kept] == [None, None, *kept[2:]]
    assert [files.by_path(file.path) for file in kept] == [None, None, *kept[2:]]


def test_message_survives_its_bytes(sandbox: Sandbox) -> None:
    """A photo whose bytes were dropped is still shown as a photo, with no bytes."""
    sandbox.state.files._capacity = 1
    sandbox.user().send_photo(picture())
    assert [message.photo for message in sandbox.messages(1)] == [b""]


def test_forwarding() -> None:
    """A forwarded message has the content and the author of the original, unless they hide."""
    sandbox = Sandbox()
    ann, bob = sandbox.user(1, first_name="Ann"), sandbox.user(2)
    photo = ann.send_photo(picture(), "look", reply_to=ann.send_text("hello"))
    bob.forward(photo, of=1)
    bob.forward(photo, of=1, hidden=True)
    original, open_copy, hidden_copy = sandbox.messages(1)[-1], *sandbox.state.messages(2)
    for copy in (open_copy, hidden_copy):
        assert copy["from"]["id"] == copy["chat"]["id"] == 2
        assert "reply_to_message" not in copy
    assert [message.photo for message in sandbox.messages(2)] == [original.photo] * 2
    assert [message.caption for message in sandbox.messages(2)] == ["look"] * 2
    assert open_copy["forward_origin"]["type"] == "user"
    assert open_copy["forward_origin"]["sender_user"]["id"] == 1
    author = hidden_copy["forward_origin"]
    assert {**author, "date": 0} == {"type": "hidden_user", "sender_user_name": "Ann", "date": 0}
    with pytest.raises(ActionRefused):
        bob.forward(9999, of=1)
