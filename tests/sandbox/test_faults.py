"""Tests that faults happen at their rates and never leave a call half done."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from telegram_sandbox import Faults, Sandbox
from testing.waiting import PATIENCE_S
from tests.sandbox.conftest import picture

Call = Callable[..., dict[str, Any]]

_RATES = {
    "rate_limited": 0.05,
    "server_error": 0.1,
    "drop_before": 0.15,
    "timeout": 0.2,
    "drop_after": 0.1,
    "garbled": 0.1,
    "refused": 0.1,
}


def test_each_fault_is_drawn_at_its_rate() -> None:
    """Each fault is drawn at its rate in 20,000 calls, and a seed reproduces the sequence."""
    faults = Faults(**_RATES)

    def drawn(seed: int) -> list[str | None]:
        chance = random.Random(seed)
        return [faults.draw("sendMessage", chance) for _ in range(20_000)]

    counts = Counter(drawn(1))
    for name, rate in _RATES.items():
        assert counts[name] == pytest.approx(20_000 * rate, rel=0.15)
    assert counts[None] == pytest.approx(20_000 * (1 - sum(_RATES.values())), rel=0.05)
    assert drawn(1) == drawn(1) != drawn(2)


@given(st.lists(st.floats(-0.5, 1.5), min_size=len(_RATES), max_size=len(_RATES)))
def test_rates_are_probabilities(rates: list[float]) -> None:
    """Negative rates and rates that add up to more than 1 are refused."""
    if min(rates) >= 0 and sum(rates) <= 1:
        Faults(*rates)
    else:
        with pytest.raises(ValueError, match="are not probabilities"):
            Faults(*rates)


def test_faults_keep_to_their_methods(call: Call, sandbox: Sandbox) -> None:
    """Faults limited to some methods do not affect the others."""
    sandbox.user()
    sandbox.faults = Faults(rate_limited=1, retry_after=7, methods={"sendMessage"})
    assert call("getMe")["ok"]
    assert call("sendMessage", chat_id=1, text="hi") == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 7",
        "parameters": {"retry_after": 7},
    }


def test_server_errors_differ(sandbox: Sandbox, url: str) -> None:
    """Server errors come with status 500 and 502, as JSON and as a gateway's HTML page."""
    sandbox.faults = Faults(server_error=1)
    answers = [
        requests.get(f"{url}/bot{sandbox.token}/getMe", timeout=PATIENCE_S) for _ in range(6)
    ]
    assert {answer.status_code for answer in answers} == {500, 502}
    kinds = {answer.headers["content-type"].partition(";")[0] for answer in answers}
    assert kinds == {"application/json", "text/html"}


@pytest.mark.parametrize("fault", ["drop_before", "timeout", "drop_after"])
def test_connection_closes_without_an_answer(sandbox: Sandbox, url: str, fault: str) -> None:
    """The connection closes without an answer, and only `drop_after` carries out the call."""
    sandbox.user()
    sandbox.faults = Faults(**{fault: 1}, timeout_seconds=0.1)
    with pytest.raises(requests.exceptions.ConnectionError, match="without response"):
        requests.post(
            f"{url}/bot{sandbox.token}/sendPhoto",
            params={"chat_id": 1},
            files={"photo": picture()},
            timeout=PATIENCE_S,
        )
    assert len(sandbox.messages(1)) == (fault == "drop_after")
    (made,) = sandbox.calls
    assert (made.method, made.chat_id, made.fault) == ("sendPhoto", 1, fault)


def test_garbled_answer(sandbox: Sandbox, url: str) -> None:
    """The call is carried out, and its answer has status 200 but is no JSON."""
    sandbox.user()
    sandbox.faults = Faults(garbled=1)
    answer = requests.post(
        f"{url}/bot{sandbox.token}/sendMessage",
        json={"chat_id": 1, "text": "hi"},
        timeout=PATIENCE_S,
    )
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert len(sandbox.messages(1)) == 1


def test_download_breaks_off(call: Call, sandbox: Sandbox, url: str) -> None:
    """A download that is cut off ends before its announced length."""
    sandbox.user().send_document(bytes(100_000), "a.bin", "application/octet-stream")
    (update,) = call("getUpdates")["result"]
    file = call("getFile", file_id=update["message"]["document"]["file_id"])["result"]
    address = f"{url}/file/bot{sandbox.token}/{file['file_path']}"
    sandbox.faults = Faults(drop_after=1, methods={"file"})
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        requests.get(address, timeout=PATIENCE_S)
    sandbox.faults = Faults(rate_limited=1, methods={"file"})
    assert requests.get(address, timeout=PATIENCE_S).status_code == 429
    sandbox.faults = Faults()
    assert requests.get(address, timeout=PATIENCE_S).content == bytes(100_000)
    assert [made.fault for made in sandbox.calls if made.method == "file"] == [
        "drop_after",
        "rate_limited",
        None,
    ]


def test_messages_agree_with_the_calls(sandbox: Sandbox, url: str) -> None:
    """Under faults of every kind, exactly the calls that were carried out sent a message."""
    sandbox.user()
    sandbox.faults = Faults(**_RATES | {"timeout": 0.05}, timeout_seconds=0.01)
    answered = []
    for number in range(200):
        try:
            answer = requests.post(
                f"{url}/bot{sandbox.token}/sendMessage",
                json={"chat_id": 1, "text": str(number)},
                timeout=PATIENCE_S,
            )
        except requests.exceptions.ConnectionError:
            continue
        if answer.ok:
            answered.append(str(number))
    assert len(sandbox.calls) == 200
    done = [
        str(number)
        for number, made in enumerate(sandbox.calls)
        if made.fault in {None, "drop_after", "garbled"}
    ]
    shown = [message.text for message in sandbox.messages(1)]
    assert shown == done
    assert set(answered) < set(shown)
