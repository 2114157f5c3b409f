"""Tests that getUpdates keeps updates until they are confirmed, and answers without delay."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from telegram_sandbox import Faults, Sandbox
from telegram_sandbox.polling import MAX_TIMEOUT_SECONDS
from telegram_sandbox.updates import Updates
from testing.waiting import PATIENCE_S, wait_for

Call = Callable[..., dict[str, Any]]

#: Seconds: the timeout of a long poll that must be answered early, which is the longest allowed,
#: and how long a test waits for the answer. A poll that runs to its timeout fails the test.
LONG_S, BEFORE_ITS_END_S = MAX_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS - 5


@pytest.fixture
def poll(sandbox: Sandbox, url: str) -> Iterator[Callable[..., Future[Any]]]:
    """Yield a function that starts a poll in a thread and returns a future of the answer.

    It returns as soon as the sandbox has received the poll.
    """
    with ThreadPoolExecutor() as threads:

        def start(**parameters: Any) -> Future[Any]:
            begun = threading.Event()
            with sandbox.state.subscribe(lambda _: begun.set()):
                answer = threads.submit(
                    requests.post,
                    f"{url}/bot{sandbox.token}/getUpdates",
                    json=parameters,
                    timeout=PATIENCE_S,
                )
                assert begun.wait(PATIENCE_S)
            return answer

        yield start


def ids(answer: dict[str, Any]) -> list[int]:
    """Return the ids of the updates in an answer."""
    return [update["update_id"] for update in answer["result"]]


def test_updates_stay_until_a_higher_offset_asks(call: Call, sandbox: Sandbox) -> None:
    """A repeated offset gets the same updates again, and a higher one confirms them."""
    ann = sandbox.user()
    for text in "abc":
        ann.send_text(text)
    first, second, third = ids(call("getUpdates"))
    assert (second, third) == (first + 1, first + 2)
    assert ids(call("getUpdates", limit=2)) == [first, second]
    assert sandbox.pending_updates() == 3
    assert ids(call("getUpdates", offset=second)) == [second, third]
    assert ids(call("getUpdates", offset=second)) == [second, third]
    assert sandbox.pending_updates() == 2
    assert ids(call("getUpdates", offset=third + 1)) == []
    assert sandbox.pending_updates() == 0


@given(st.lists(st.one_of(st.none(), st.integers(0, 40)), max_size=40))
def test_updates_form_a_gapless_queue(steps: list[int | None]) -> None:
    """Update ids increase by one, and no update below a confirmed offset remains."""
    updates = Updates()
    queued = confirmed = 0
    for offset in steps:
        if offset is None:
            updates.add({"message": {}})
            queued += 1
        else:
            updates.confirm(offset)
            confirmed = max(confirmed, min(offset - 1, queued))
        waiting = [update["update_id"] for update in updates.peek(100)]
        assert waiting == list(range(confirmed + 1, queued + 1))


def test_long_poll_wakes_at_once(poll: Callable[..., Future[Any]], sandbox: Sandbox) -> None:
    """A waiting poll is answered when a message arrives, not at its timeout."""
    answer = poll(timeout=LONG_S)
    sandbox.user().send_text("hi")
    (update,) = answer.result(BEFORE_ITS_END_S).json()["result"]
    assert update["message"]["text"] == "hi"


def test_long_poll_ends_with_nothing(call: Call) -> None:
    """A poll without updates is answered with an empty list at its timeout."""
    began = time.monotonic()
    assert call("getUpdates", timeout=1)["result"] == []
    # Not before its own timeout, and not only after the longest timeout allowed.
    assert 0.9 < time.monotonic() - began < MAX_TIMEOUT_SECONDS


def test_newer_poll_ends_the_older(poll: Callable[..., Future[Any]], sandbox: Sandbox) -> None:
    """The older of two polls gets a conflict, and the newer one gets the updates."""
    older = poll(timeout=LONG_S)
    newer = poll(timeout=LONG_S)
    conflict = older.result(BEFORE_ITS_END_S)
    assert conflict.status_code == 409
    assert conflict.json()["description"] == (
        "Conflict: terminated by other getUpdates request;"
        " make sure that only one bot instance is running"
    )
    sandbox.user().send_text("hi")
    assert len(newer.result(BEFORE_ITS_END_S).json()["result"]) == 1


def test_poller_that_left_is_forgotten(call: Call, sandbox: Sandbox, url: str) -> None:
    """A bot that was killed during a poll causes no conflict and loses no updates."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as bot:
        path = f"/bot{sandbox.token}/getUpdates?timeout={MAX_TIMEOUT_SECONDS}"
        bot.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_for(lambda: sandbox.state._listeners, "the sandbox has not begun to wait")
    wait_for(lambda: not sandbox.state._listeners, "the sandbox still waits")
    sandbox.user().send_text("hi")
    assert len(call("getUpdates", timeout=10)["result"]) == 1
    assert [made.status for made in sandbox.calls] == [200]


def test_kinds_that_are_not_wanted_are_not_queued(call: Call, sandbox: Sandbox) -> None:
    """The last `allowed_updates` applies until a call changes it."""
    ann = sandbox.user()
    call("getUpdates", allowed_updates=["my_chat_member"])
    ann.send_text("unheard")
    call("getUpdates")
    ann.send_text("unheard")
    ann.block()
    ann.unblock()
    assert [list(update)[1] for update in call("getUpdates")["result"]] == ["my_chat_member"] * 2
    call("getUpdates", allowed_updates=json.dumps([]))
    ann.send_text("heard")
    assert call("getUpdates")["result"][-1]["message"]["text"] == "heard"


def test_anything_can_be_injected(call: Call, sandbox: Sandbox, url: str) -> None:
    """An update of an unknown kind is delivered, and a malformed body is answered once."""
    sandbox.inject({"telepathy": {"thought": 1}})
    sandbox.inject_body(b'{"ok": tru')
    answer = requests.get(f"{url}/bot{sandbox.token}/getUpdates", timeout=PATIENCE_S)
    assert (answer.status_code, answer.content) == (200, b'{"ok": tru')
    (update,) = call("getUpdates")["result"]
    assert update["telepathy"] == {"thought": 1}


def test_injected_body_wakes_a_poll(poll: Callable[..., Future[Any]], sandbox: Sandbox) -> None:
    """A waiting poll is answered with an injected body at once."""
    answer = poll(timeout=LONG_S)
    sandbox.inject_body(b"\xff\xfe")
    assert answer.result(BEFORE_ITS_END_S).content == b"\xff\xfe"


def test_answer_that_was_cut_off_comes_again(call: Call, sandbox: Sandbox) -> None:
    """Updates in an answer that was cut off are delivered again."""
    sandbox.user().send_text("hi")
    sandbox.faults = Faults(drop_after=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        call("getUpdates", timeout=10)
    sandbox.faults = Faults()
    assert len(call("getUpdates", timeout=10)["result"]) == 1
