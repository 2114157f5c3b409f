"""Tests for the limits and error messages of the Bot API's methods."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from telegram_sandbox import Sandbox
from testing.waiting import PATIENCE_S
from tests.sandbox.conftest import blank, picture

Call = Callable[..., dict[str, Any]]


def test_unknown_token_and_method(call: Call, sandbox: Sandbox, url: str) -> None:
    """A wrong token is answered with 401, and an unknown method or file with 404."""
    answer = requests.get(f"{url}/bot1:x/getMe", timeout=PATIENCE_S)
    assert answer.status_code == 401
    assert answer.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    assert call("sendFax") == {"ok": False, "error_code": 404, "description": "Not Found"}
    assert requests.get(f"{url}/file/bot1:x/photos/1", timeout=PATIENCE_S).status_code == 401
    missing = requests.get(f"{url}/file/bot{sandbox.token}/photos/1", timeout=PATIENCE_S)
    assert missing.status_code == 404


def test_parameters_come_in_every_encoding(sandbox: Sandbox, url: str) -> None:
    """Query, form, multipart and JSON are equivalent, and method names are case-insensitive."""
    sandbox.user()
    asked = sandbox.user().send_text("hi")
    address = f"{url}/bot{sandbox.token}/sendmessage"
    reply = f'{{"message_id": {asked}}}'
    fields = {"chat_id": "1", "text": "Привет", "reply_parameters": reply}
    json = {"chat_id": 1, "text": "Привет", "reply_to_message_id": asked}
    for answer in (
        requests.get(address, params=fields, timeout=PATIENCE_S),
        requests.post(address, data=fields, timeout=PATIENCE_S),
        requests.post(
            address, files={key: (None, text) for key, text in fields.items()}, timeout=PATIENCE_S
        ),
        requests.post(address, params={"chat_id": 1}, json=json, timeout=PATIENCE_S),
    ):
        result = answer.json()["result"]
        assert result["text"] == "Привет"
        assert result["reply_to_message"]["message_id"] == asked
    assert {made.method for made in sandbox.calls} == {"sendMessage"}


_MALFORMED = (
    (b"{", "application/json"),
    (b"[1]", "application/json"),
    (b"\xff", "application/json"),
    (b"nonsense", "multipart/form-data; boundary=x"),
    (b"nonsense", "multipart/form-data"),
)


def test_malformed_requests_are_refused(sandbox: Sandbox, url: str) -> None:
    """A body that can't be parsed is answered with 400."""
    for body, kind in _MALFORMED:
        answer = requests.post(
            f"{url}/bot{sandbox.token}/getMe",
            body,
            headers={"Content-Type": kind},
            timeout=PATIENCE_S,
        )
        assert answer.status_code == answer.json()["error_code"] == 400, body


_REFUSALS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("sendMessage", {"text": "hi"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": "@ann", "text": "hi"}, "chat not found"),
    ("sendMessage", {"chat_id": 1, "text": "  "}, "message text is empty"),
    ("sendMessage", {"chat_id": 1, "text": "a" * 4097}, "message is too long"),
    (
        "sendMessage",
        {"chat_id": 1, "text": "a", "reply_markup": {"a": 1}},
        "knows only inline keyboards",
    ),
    (
        "sendMessage",
        {"chat_id": 1, "text": "a", "reply_parameters": 7},
        "can't parse reply_par",
    ),
    (
        "sendMessage",
        {"chat_id": 1, "text": "a", "reply_parameters": {"message_id": [1]}},
        '"message_id" must be an integer',
    ),
    ("sendPhoto", {"chat_id": 1}, "there is no photo in the request"),
    ("sendPhoto", {"chat_id": 1, "photo": "attach://a"}, "there is no photo in the request"),
    ("sendPhoto", {"chat_id": 1, "photo": "a", "caption": "a" * 1025}, "caption is too long"),
    ("sendDocument", {"chat_id": 1, "document": "a"}, "wrong file identifier"),
    ("sendMediaGroup", {"chat_id": 1}, 'parameter "media" is required'),
    ("sendMediaGroup", {"chat_id": 1, "media": "a"}, "can't parse media JSON object"),
    ("sendMediaGroup", {"chat_id": 1, "media": []}, "there are no messages to send"),
    ("sendMediaGroup", {"chat_id": 1, "media": [7]}, "can't parse InputMedia"),
    ("sendMediaGroup", {"chat_id": 1, "media": [{"type": "fax"}]}, "albums hold no fax"),
    ("sendMediaGroup", {"chat_id": 1, "media": [{"type": "photo"}]}, "media not found"),
    (
        "sendMediaGroup",
        {"chat_id": 1, "media": [{"type": "photo", "media": "attach://a"}] * 11},
        "too many messages to send as an album",
    ),
    (
        "sendMediaGroup",
        {"chat_id": 1, "media": [{"type": kind, "media": "a"} for kind in ("photo", "document")]},
        "document can't be mixed with other media types",
    ),
    ("editMessageText", {"chat_id": 1, "text": "a"}, '"message_id" must be an integer'),
    ("deleteMessages", {"chat_id": 1, "message_ids": ["a"]}, "identifiers are not specified"),
    ("sendChatAction", {"chat_id": 1, "action": "dancing"}, "wrong parameter action"),
    (
        "setMyCommands",
        {"commands": [{"command": "Hi!", "description": "a"}]},
        "COMMAND_INVALID",
    ),
    ("setMyCommands", {"commands": [{"command": "hi"}]}, "COMMAND_DESCRIPTION_INVALID"),
    ("setMyCommands", {"commands": [{"command": "a"}] * 101}, "COMMANDS_TOO_MUCH"),
    ("setMyCommands", {"commands": ["hi"]}, "can't parse commands"),
    ("getFile", {}, "invalid file_id"),
    ("getUpdates", {"timeout": "soon"}, '"timeout" must be an integer'),
)


def test_bad_requests_are_refused(call: Call, sandbox: Sandbox) -> None:
    """An invalid call is refused with the reason, and nothing is sent."""
    sandbox.user()
    for method, parameters, reason in _REFUSALS:
        refusal = call(method, **parameters)
        assert refusal["error_code"] == 400
        assert refusal["description"].startswith("Bad Request: ")
        assert reason in refusal["description"]
    assert sandbox.messages(1) == []


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        (blank(5001, 5000), "PHOTO_INVALID_DIMENSIONS"),
        (picture(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (picture()[:500], "IMAGE_PROCESS_FAILED"),
        (b"", "file must be non-empty"),
        (bytes(10 * 2**20 + 1), "is too big for a photo"),
    ],
    ids=["large", "narrow", "text", "broken", "empty", "heavy"],
)
def test_photos_are_limited(sandbox: Sandbox, url: str, photo: bytes, reason: str) -> None:
    """A picture that Telegram refuses as a photo is accepted as a document, unless it is empty."""
    sandbox.user()
    parameters, address = {"chat_id": 1}, f"{url}/bot{sandbox.token}"
    files = {"photo": ("a.jpg", photo)}
    answer = requests.post(f"{address}/sendPhoto", parameters, files=files, timeout=PATIENCE_S)
    assert answer.status_code == 400
    assert reason in answer.json()["description"]
    files = {"document": ("a.jpg", photo, "image/jpeg")}
    answer = requests.post(f"{address}/sendDocument", parameters, files=files, timeout=PATIENCE_S)
    assert answer.ok == bool(photo)


def test_an_album_is_sent_as_a_whole_or_not(sandbox: Sandbox, url: str) -> None:
    """An album with a broken picture is refused, and one with a single picture is a photo."""
    sandbox.user()
    address = f"{url}/bot{sandbox.token}/sendMediaGroup"
    items = [{"type": "photo", "media": f"attach://{name}"} for name in "ab"]
    files = {"a": picture(), "b": picture()[:500]}
    for count, files["b"], shown in (
        (2, picture()[:500], []),
        (1, picture(), [None]),
        (2, picture(), [None, "album", "album"]),
    ):
        fields = {"chat_id": 1, "media": json.dumps(items[:count])}
        answer = requests.post(address, fields, files=files, timeout=PATIENCE_S).json()
        assert [message.album and "album" for message in sandbox.messages(1)] == shown
        if not answer["ok"]:
            assert answer["description"] == (
                "Bad Request: failed to send message #2 with the error message"
                ' "IMAGE_PROCESS_FAILED"'
            )
        else:
            assert len(answer["result"]) == count


def test_photos_at_the_limit_are_taken(sandbox: Sandbox, url: str) -> None:
    """A photo with an aspect ratio of 20 and a caption of 1024 characters is accepted."""
    sandbox.user()
    answer = requests.post(
        f"{url}/bot{sandbox.token}/sendPhoto",
        {"chat_id": 1, "caption": "a" * 1024, "photo": "attach://it"},
        files={"it": ("a.png", picture(2000, 100, "PNG"))},
        timeout=PATIENCE_S,
    )
    assert answer.json()["result"]["photo"][-1]["width"] == 1280


def test_uploads_are_limited(sandbox: Sandbox, url: str) -> None:
    """A body of more than 50 MB is refused with 413 before it is read completely."""
    sandbox.user()
    answer = requests.post(
        f"{url}/bot{sandbox.token}/sendDocument",
        {"chat_id": 1},
        files={"document": bytes(52 * 2**20)},
        timeout=PATIENCE_S,
    )
    assert answer.json()["error_code"] == 413
    assert sandbox.messages(1) == []


def test_large_files_are_not_downloaded(call: Call, sandbox: Sandbox) -> None:
    """A document of 20 MB can be downloaded, and one that is a byte larger can't."""
    ann = sandbox.user()
    for size in (20 * 2**20, 20 * 2**20 + 1):
        ann.send_document(bytes(size), "a.bin", "application/octet-stream")
    fits, too_big = (
        call("getFile", file_id=update["message"]["document"]["file_id"])
        for update in call("getUpdates")["result"]
    )
    assert fits["result"]["file_path"].startswith("documents/file_")
    assert too_big["description"] == "Bad Request: file is too big"


def test_kinds_of_files_are_told_apart(call: Call, sandbox: Sandbox) -> None:
    """A photo's file id can be sent as a photo but not as a document."""
    sandbox.user().send_photo(picture())
    (update,) = call("getUpdates")["result"]
    file_id = update["message"]["photo"][0]["file_id"]
    assert call("sendPhoto", chat_id=1, photo=file_id)["ok"]
    refusal = call("sendDocument", chat_id=1, document=file_id)
    assert refusal["description"] == "Bad Request: wrong file identifier/HTTP URL specified"


def test_photo_has_no_text_to_edit(call: Call, sandbox: Sandbox) -> None:
    """A photo message can't be edited with editMessageText."""
    sandbox.user().send_photo(picture())
    (update,) = call("getUpdates")["result"]
    file_id = update["message"]["photo"][0]["file_id"]
    sent = call("sendPhoto", chat_id=1, photo=file_id)["result"]
    refusal = call("editMessageText", chat_id=1, message_id=sent["message_id"], text="a")
    assert refusal["description"] == "Bad Request: there is no text in the message to edit"


def test_half_a_surrogate_pair_is_text(call: Call, sandbox: Sandbox) -> None:
    """A text with a lone surrogate comes back unchanged."""
    sandbox.user()
    assert call("sendMessage", chat_id=1, text="\ud83d")["result"]["text"] == "\ud83d"
