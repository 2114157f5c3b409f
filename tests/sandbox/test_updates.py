"""getUpdates: nothing is lost before it is confirmed, and nothing waits that need not."""

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
from telegram_sandbox.polling import MAX_WAIT
from telegram_sandbox.state import Updates
from testing.waiting import PATIENCE_S, wait_for

Call = Callable[..., dict[str, Any]]

#: What a poll asks for that is to be answered before its own end: the most that it may. Whoever
#: waits for its answer gives up before, so that an answer that came only then is a failure.
LONG_S, BEFORE_ITS_END_S = MAX_WAIT, MAX_WAIT - 5


@pytest.fixture
def poll(sandbox: Sandbox, url: str) -> Iterator[Callable[..., Future[Any]]]:
    """Polls in a thread; returns as soon as the sandbox has begun to wait."""
    with ThreadPoolExecutor() as threads:

        def start(**parameters: Any) -> Future[Any]:
            begun = threading.Event()
            with sandbox.state.listening(lambda _: begun.set()):
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
    """The ids of the updates in an answer."""
    return [update["update_id"] for update in answer["result"]]


def test_updates_stay_until_a_higher_offset_asks(call: Call, sandbox: Sandbox) -> None:
    """Whoever asks again with the same offset gets the same updates again."""
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
    """Whatever is queued and confirmed, the ids rise by one and none below an offset is left."""
    updates = Updates()
    queued = confirmed = 0
    for offset in steps:
        if offset is None:
            updates.add({"message": {}})
            queued += 1
        else:
            updates.confirm(offset)
            confirmed = max(confirmed, min(offset - 1, queued))
        waiting = [update["update_id"] for update in updates.first(100)]
        assert waiting == list(range(confirmed + 1, queued + 1))


def test_long_poll_wakes_at_once(poll: Callable[..., Future[Any]], sandbox: Sandbox) -> None:
    """A poll that waits is answered when a message comes, not when its time is over."""
    answer = poll(timeout=LONG_S)
    sandbox.user().send_text("hi")
    (update,) = answer.result(BEFORE_ITS_END_S).json()["result"]
    assert update["message"]["text"] == "hi"


def test_long_poll_ends_with_nothing(call: Call) -> None:
    """A poll in whose time nothing happens is answered with no updates, at its end."""
    began = time.monotonic()
    assert call("getUpdates", timeout=1)["result"] == []
    # Not before its own end, and at this rather than after the longest time that a poll may take.
    assert 0.9 < time.monotonic() - began < MAX_WAIT


def test_newer_poll_ends_the_older(poll: Callable[..., Future[Any]], sandbox: Sandbox) -> None:
    """Of two pollers the older one gets a conflict and the newer one the updates."""
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
    """A bot that was killed while it polled causes no conflict and takes nothing along."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as bot:
        path = f"/bot{sandbox.token}/getUpdates?timeout={MAX_WAIT}"
        bot.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_for(lambda: sandbox.state._listeners, "the sandbox has not begun to wait")
    wait_for(lambda: not sandbox.state._listeners, "the sandbox still waits")
    sandbox.user().send_text("hi")
    assert len(call("getUpdates", timeout=10)["result"]) == 1
    assert [made.status for made in sandbox.calls] == [200]


def test_kinds_that_are_not_wanted_are_not_queued(call: Call, sandbox: Sandbox) -> None:
    """The last allowed_updates holds until others are given."""
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
    """Updates of unknown kinds come in turn, and a malformed body comes once."""
    sandbox.inject({"telepathy": {"thought": 1}})
    sandbox.inject_body(b'{"ok": tru')
    answer = requests.get(f"{url}/bot{sandbox.token}/getUpdates", timeout=PATIENCE_S)
    assert (answer.status_code, answer.content) == (200, b'{"ok": tru')
    (update,) = call("getUpdates")["result"]
    assert update["telepathy"] == {"thought": 1}


def test_injected_body_wakes_a_poll(poll: Callable[..., Future[Any]], sandbox: Sandbox) -> None:
    """A poll that waits answers the malformed body at once."""
    answer = poll(timeout=LONG_S)
    sandbox.inject_body(b"\xff\xfe")
    assert answer.result(BEFORE_ITS_END_S).content == b"\xff\xfe"


def test_answer_that_was_cut_off_comes_again(call: Call, sandbox: Sandbox) -> None:
    """Updates whose answer was lost on the way are still there."""
    sandbox.user().send_text("hi")
    sandbox.faults = Faults(cut_after=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        call("getUpdates", timeout=10)
    sandbox.faults = Faults()
    assert len(call("getUpdates", timeout=10)["result"]) == 1
