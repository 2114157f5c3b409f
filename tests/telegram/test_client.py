"""Calls of the Bot API fail with one of four errors, which never contain the token."""

from __future__ import annotations

import io
import json
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai import logs
from attrai.errors import TryLater, Unconfirmed
from attrai.telegram import (
    Destination,
    PollingConflict,
    Rejected,
    Telegram,
    TokenRefused,
    client,
)
from telegram_sandbox import Faults, Sandbox
from testing.servers.server import reserved_port
from testing.waiting import PATIENCE_S
from tests.sandbox.conftest import picture
from tests.telegram.served import TOKEN, answering, body, connect

Call = Callable[[Telegram], object]

TO = Destination(1, 1)

_CALLS: dict[str, Call] = {
    "getMe": lambda telegram: telegram.me(),
    "getUpdates": lambda telegram: telegram.updates.get(0, 1),
    "sendMessage": lambda telegram: telegram.send_text(TO, "Hello!"),
    "sendPhoto": lambda telegram: telegram.send_photo(TO, picture(), "A caption.", turn="a"),
    "sendDocument": lambda telegram: telegram.send_document(
        TO, picture(), "rated.jpg", "A caption.", turn="a"
    ),
    "sendMediaGroup": lambda telegram: telegram.send_album(
        TO, [(picture(), False), (picture(), True)], "A caption.", file_name=None, turn="a"
    ),
    "editMessageText": lambda telegram: telegram.edit_text(1, 2, "Hello again!"),
    "deleteMessage": lambda telegram: telegram.delete(1, 2),
    "sendChatAction": lambda telegram: telegram.send_upload_action(1),
    "getMyCommands": lambda telegram: telegram.profile.commands("ru", "groups"),
    "setMyCommands": lambda telegram: telegram.profile.set_commands(
        {"help": "what I do"}, "ru", "groups"
    ),
    "getFile": lambda telegram: telegram.download("a file", 10),
}


@pytest.fixture(autouse=True)
def no_token_anywhere() -> Iterator[None]:
    """Check that nothing logged at debug level by any library contains the token."""
    stream = io.StringIO()
    logs.configure("debug", stream, secrets=[TOKEN])
    yield
    logs.configure("warning", io.StringIO())
    assert TOKEN not in stream.getvalue()
    assert TOKEN.partition(":")[2] not in stream.getvalue()


def failing(call: Call, telegram: Telegram, *kinds: type[Exception]) -> Exception:
    """Return the exception that a call raises, after checking its type and for the token."""
    with pytest.raises(kinds) as raised:
        call(telegram)
    shown = "".join(traceback.format_exception(raised.value))
    for text in (str(raised.value), repr(raised.value), shown):
        assert TOKEN.partition(":")[2] not in text
    return raised.value


def connect_again(telegram: Telegram) -> Telegram:
    """Create a new client of the same server, with unused rate limits."""
    return connect(telegram._files.partition("/file/")[0])


def test_patience_is_asked_for(telegram: Telegram, sandbox: Sandbox) -> None:
    """A 429 raises TryLater with the number of seconds that Telegram names."""
    sandbox.user()
    sandbox.faults = Faults(rate_limited=1, retry_after=7)
    for call in _CALLS.values():
        error = failing(call, connect_again(telegram), TryLater)
        assert isinstance(error, TryLater)
        assert error.seconds == 7


def test_patience_is_kept(telegram: Telegram, sandbox: Sandbox) -> None:
    """After a 429 nothing is sent to the chat until the time it names; other chats go on."""
    first, second = sandbox.user(1), sandbox.user(2)
    replies = {person.id: person.send_text("hi") for person in (first, second)}
    sandbox.faults = Faults(rate_limited=1, retry_after=60)
    began = time.monotonic()
    failing(lambda t: t.send_text(Destination(1, replies[1]), "a"), telegram, TryLater)
    sandbox.faults = Faults()
    for turn in (None, "b"):
        error = failing(
            lambda t, turn=turn: t.send_text(Destination(1, replies[1]), "b", turn=turn),
            telegram,
            TryLater,
        )
        assert isinstance(error, TryLater)
        assert error.seconds is not None
        # The time that Telegram named, less the time that has passed.
        assert 60 - (time.monotonic() - began) <= error.seconds < 63
    telegram.send_text(Destination(2, replies[2]), "c")
    assert [(call.chat_id, call.status) for call in sandbox.calls] == [(1, 429), (2, 200)]


def test_a_server_that_fails(telegram: Telegram, sandbox: Sandbox) -> None:
    """A server error raises TryLater, whether it is JSON or a gateway's HTML page."""
    sandbox.user().send_text("hi")
    sandbox.faults = Faults(server_error=1)
    for call in _CALLS.values():
        reasons = [str(failing(call, connect_again(telegram), TryLater)) for _ in range(3)]
        assert reasons == ["HTTP 500", "HTTP 502", "HTTP 502"]


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "timeout"])
def test_a_connection_that_breaks(telegram: Telegram, sandbox: Sandbox, fault: str) -> None:
    """A broken connection raises TryLater, whether the call took effect or not."""
    sandbox.user().send_text("hi")
    telegram.send_text(TO, "Hello!")
    file_id = sandbox.state.files.add(b"a file", "a", "b", "c").id
    sandbox.faults = Faults(**{fault: 1}, timeout_seconds=0.05)
    for call in (*_CALLS.values(), lambda t: t.download(file_id, 10)):
        assert str(failing(call, connect_again(telegram), TryLater)) == "ConnectionError"


def test_a_server_that_is_silent(
    telegram: Telegram, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call to a server that does not respond times out."""
    monkeypatch.setattr(client, "_TIMEOUT", 0.1)
    monkeypatch.setattr(client, "_UPLOAD_TIMEOUT", 0.1)
    sandbox.user()
    sandbox.faults = Faults(timeout=1)
    for name in ("sendMessage", "sendPhoto", "sendMediaGroup", "deleteMessage"):
        assert str(failing(_CALLS[name], connect_again(telegram), TryLater)) == "ReadTimeout"


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (Faults(drop_after=1), Unconfirmed),
        (Faults(drop_before=1), Unconfirmed),
        (Faults(garbled=1), Unconfirmed),
        (Faults(rate_limited=1), TryLater),
    ],
)
def test_what_may_have_been_sent(
    telegram: Telegram, sandbox: Sandbox, faults: Faults, error: type[TryLater]
) -> None:
    """A message may have been sent if its connection breaks, but not if Telegram declines it."""
    sandbox.user().send_text("hi")
    sandbox.faults = faults
    for name in ("sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup"):
        assert type(failing(_CALLS[name], connect_again(telegram), TryLater)) is error


def test_no_server() -> None:
    """An unreachable server raises TryLater."""
    with reserved_port() as port:
        for call in _CALLS.values():
            error = failing(call, connect(f"http://127.0.0.1:{port}"), TryLater)
            assert str(error) == "ConnectionError"
            assert not isinstance(error, Unconfirmed)  # nothing was sent


def test_a_user_who_is_gone(telegram: Telegram, sandbox: Sandbox) -> None:
    """A message to a user who blocked the bot or deleted their message is rejected."""
    person = sandbox.user()
    message = person.send_text("hi")
    person.delete(message)
    error = failing(lambda t: t.send_text(Destination(1, message), "a"), telegram, Rejected)
    assert str(error) == "Bad Request: message to be replied not found"
    person.block()
    for name in ("sendMessage", "sendPhoto", "sendMediaGroup", "sendChatAction"):
        error = failing(_CALLS[name], connect_again(telegram), Rejected)
        assert str(error) == "Forbidden: bot was blocked by the user"


def test_a_token_that_is_refused(telegram: Telegram, sandbox: Sandbox) -> None:
    """A refused token raises TokenRefused, not a temporary error."""
    sandbox.token = "1:another"  # noqa: S105 - it opens nothing
    for call in _CALLS.values():
        failing(call, connect_again(telegram), TokenRefused)


@pytest.mark.parametrize("token", ["", "word", "a word:b", ":", "word:word"])
def test_no_token_at_all(token: str) -> None:
    """A malformed token is refused at the first call at the latest."""
    with pytest.raises(TokenRefused), answering(body(_error(404, "Not Found"))) as url:
        client.Telegram(token, url, connect(url)._limiter).me()


def test_another_poller(telegram: Telegram, sandbox: Sandbox) -> None:
    """When two programs poll for updates, the first one gets PollingConflict."""
    caught: list[Exception] = []
    first = threading.Thread(
        target=lambda: caught.append(
            failing(lambda t: t.updates.get(0, 20), telegram, PollingConflict)
        )
    )
    with sandbox.state.lock:
        changes = sandbox.state._changes
    first.start()
    # The incoming poll counts as a change.
    assert sandbox.state.wait_until(lambda: sandbox.state._changes > changes, PATIENCE_S)
    telegram.updates.get(0, 1)
    first.join()
    assert "make sure that only one bot instance is running" in str(caught[0])


def _error(code: int, description: str, **more: object) -> bytes:
    answer = {"ok": False, "error_code": code, "description": description, **more}
    return json.dumps(answer).encode()


_ODD_ANSWERS = [
    b"",
    b"{",
    b"<html>",
    b"[]",
    b"null",
    b"7",
    b"\xff\xfe\xfd",
    b"[" * 100_000,
    b'{"ok": true}',
    b'{"ok": false}',
    b'{"ok": true, "result": {}}',
    b'{"ok": true, "result": null}',
    b'{"ok": true, "result": 7}',
    b'{"ok": true, "result": ' + b"9" * 5000 + b"}",
    b'{"ok": false, "error_code": "many", "description": "?"}',
    b'{"ok": false, "error_code": null, "description": null}',
    b'{"ok": false, "error_code": 429, "description": "?", "parameters": null}',
    b'{"ok": false, "error_code": 429, "description": "?", "parameters": {"retry_after": "x"}}',
    b'{"ok": false, "error_code": 429, "description": "?", "parameters": {"retry_after": null}}',
]


@pytest.mark.parametrize("answer", _ODD_ANSWERS, ids=range(len(_ODD_ANSWERS)))
@pytest.mark.parametrize(
    "name", ["getMe", "getUpdates", "sendMessage", "sendMediaGroup", "getFile"]
)
def test_an_answer_of_no_bot_api(answer: bytes, name: str) -> None:
    """Malformed JSON, and JSON that is not a Bot API response, raise TryLater."""
    with answering(body(answer), body(b"", "404 Not Found")) as url:
        failing(_CALLS[name], connect(url), TryLater)


def test_an_album_of_no_messages() -> None:
    """An album that came to nothing, or so Telegram says, may have been sent."""
    with answering(body(b'{"ok": true, "result": []}')) as url:
        failing(_CALLS["sendMediaGroup"], connect(url), Unconfirmed)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
_ANSWERS = st.fixed_dictionaries(
    {"ok": _JSON},
    optional={
        "result": _JSON,
        "error_code": _JSON | st.integers(300, 600),
        "description": _JSON,
        "parameters": _JSON | st.fixed_dictionaries({"retry_after": _JSON}),
    },
)


@given(_ANSWERS | _JSON)
def test_any_answer(answer: object) -> None:
    """Any JSON response results in a list of updates or one of the four errors."""
    ours = suppress(TryLater, Rejected, TokenRefused, PollingConflict)
    with answering(body(json.dumps(answer).encode())) as url, ours:
        assert isinstance(connect(url).updates.get(0, 1), list)
