"""Tests for inline keyboards, presses of their buttons, and edits of messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from telegram_sandbox import Button, CallbackAnswer, Sandbox
from telegram_sandbox.errors import ActionRefused
from testing.waiting import PATIENCE_S
from tests.sandbox.conftest import picture

Call = Callable[..., dict[str, Any]]


def keyboard(*texts: str) -> dict[str, Any]:
    """Return a keyboard with one row of buttons, whose data is `a:` and their text."""
    return {"inline_keyboard": [[{"text": text, "callback_data": f"a:{text}"} for text in texts]]}


def test_a_press_reaches_the_bot_with_what_the_message_replies_to(
    call: Call, sandbox: Sandbox
) -> None:
    """A press becomes a callback query, whose message shows the photo as long as it is there."""
    ann = sandbox.user()
    photo = ann.send_photo(picture())
    markup = keyboard("more")
    call("sendMessage", chat_id=1, text="hi", reply_to_message_id=photo, reply_markup=markup)
    shown = sandbox.messages(1)[-1]
    assert shown.buttons == [[Button("more", "a:more")]]
    first = ann.press(shown.id, "a:more")
    ann.delete(photo)
    second = ann.press(shown.id, "b")
    queries = [update["callback_query"] for update in call("getUpdates")["result"][1:]]
    assert [(query["id"], query["data"]) for query in queries] == [
        (first, "a:more"),
        (second, "b"),
    ]
    assert queries[0]["from"]["id"] == 1
    assert queries[0]["message"]["reply_markup"] == markup
    assert queries[0]["message"]["reply_to_message"]["photo"]
    assert "reply_to_message" not in queries[1]["message"]
    with pytest.raises(ActionRefused):
        ann.press(photo, "a:more")


def test_a_press_is_answered_once(call: Call, sandbox: Sandbox) -> None:
    """The bot's answer is shown to who pressed; a second answer, or one to no press, is refused."""
    ann = sandbox.user()
    message = call("sendMessage", chat_id=1, text="hi", reply_markup=keyboard("a"))["result"]
    press = ann.press(message["message_id"], "a:a")
    with pytest.raises(TimeoutError):
        sandbox.wait_for_answer(press, 0)
    assert call("answerCallbackQuery", callback_query_id=press, text="no", show_alert=True)["ok"]
    assert sandbox.wait_for_answer(press) == CallbackAnswer("no", alert=True)
    for query in (press, "7"):
        assert (
            "query is too old"
            in call("answerCallbackQuery", callback_query_id=query)["description"]
        )
    long = call("answerCallbackQuery", callback_query_id=press, text="a" * 201)
    assert long["description"] == "Bad Request: MESSAGE_TOO_LONG"


@pytest.mark.parametrize(
    ("button", "reason"),
    [
        ({"callback_data": "a"}, '"text" is required'),
        ({"text": "a"}, "only buttons with callback_data or url"),
        ({"text": "a", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": "я" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "url": "javascript:alert(1)"}, "is invalid"),
    ],
)
def test_malformed_buttons_are_refused(
    call: Call, sandbox: Sandbox, button: dict[str, str], reason: str
) -> None:
    """A button without a text, or with data beyond 64 bytes, is refused as by Telegram."""
    sandbox.user()
    markup = {"inline_keyboard": [[button]]}
    answer = call("sendMessage", chat_id=1, text="hi", reply_markup=markup)
    assert reason in answer["description"]


def test_edits_replace_content_and_keyboard(call: Call, sandbox: Sandbox, url: str) -> None:
    """Each edit changes what it names, and takes the keyboard away unless it gives one."""
    sandbox.user()
    post = f"{url}/bot{sandbox.token}"
    sent = requests.post(
        f"{post}/sendPhoto",
        {"chat_id": 1, "caption": "one"},
        files={"photo": picture()},
        timeout=PATIENCE_S,
    ).json()["result"]
    at = {"chat_id": 1, "message_id": sent["message_id"]}

    call("editMessageReplyMarkup", **at, reply_markup=keyboard("a", "b"))
    (shown,) = sandbox.messages(1)
    assert [button.text for button in shown.buttons[0]] == ["a", "b"]
    assert (shown.caption, shown.edited) == ("one", False)
    again = call("editMessageReplyMarkup", **at, reply_markup=keyboard("a", "b"))
    assert "message is not modified" in again["description"]

    call("editMessageCaption", **at, caption="two")
    (shown,) = sandbox.messages(1)
    assert (shown.caption, shown.buttons, shown.edited) == ("two", [], True)
    before = shown.photo

    media = '{"type": "document", "media": "attach://new", "caption": "three"}'
    form = {**at, "media": media, "reply_markup": '{"inline_keyboard": []}'}
    files = {"new": ("new.jpg", picture(), "image/jpeg")}
    requests.post(f"{post}/editMessageMedia", form, files=files, timeout=PATIENCE_S)
    (shown,) = sandbox.messages(1)
    assert (shown.caption, shown.photo, shown.document) == ("three", None, picture())
    back = {"type": "photo", "media": sent["photo"][-1]["file_id"]}
    call("editMessageMedia", **at, media=back, reply_markup=keyboard("c"))
    (shown,) = sandbox.messages(1)
    assert (shown.photo, shown.caption, shown.buttons[0][0].text) == (before, None, "c")


@pytest.mark.parametrize(
    ("method", "parameters", "reason"),
    [
        ("editMessageCaption", {"message_id": 1, "caption": "a"}, "message can't be edited"),
        ("editMessageCaption", {"message_id": 2, "caption": "a"}, "no caption in the message"),
        ("editMessageReplyMarkup", {"message_id": 9}, "message to edit not found"),
        ("editMessageReplyMarkup", {"message_id": 2}, "message is not modified"),
        ("editMessageMedia", {"message_id": 2, "media": {"type": "video"}}, "photo and document"),
        (
            "editMessageMedia",
            {"message_id": 2, "media": {"type": "photo", "media": "attach://x"}},
            "there is no media",
        ),
        ("getChatMember", {"user_id": 9}, "user not found"),
    ],
)
def test_impossible_edits_are_refused(
    call: Call, sandbox: Sandbox, method: str, parameters: dict[str, Any], reason: str
) -> None:
    """An edit of somebody else's message, of nothing, or to the same is refused."""
    sandbox.user().send_text("hi")
    call("sendMessage", chat_id=1, text="hi")
    assert reason in call(method, chat_id=1, **parameters)["description"]


def test_members_and_administrators(call: Call, sandbox: Sandbox) -> None:
    """The bot learns who is an administrator of a group."""
    group, ann, ben = sandbox.group(), sandbox.user(1), sandbox.user(2)
    group.promote(ben)
    statuses = [
        call("getChatMember", chat_id=group.id, user_id=user.id)["result"]["status"]
        for user in (ann, ben)
    ]
    assert statuses == ["member", "administrator"]
