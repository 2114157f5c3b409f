"""The descriptions that Telegram shows of the bot: set once, in every language."""

from __future__ import annotations

from collections import Counter

import pytest
import structlog

from attrai.bot.profile import describe, warn_of_privacy_mode
from attrai.errors import TryLater
from attrai.locales import locales, text
from telegram_sandbox import Faults, Sandbox, running
from tests.telegram.served import TOKEN, connect

FIELDS = {"description": "bot-description", "short_description": "bot-short-description"}
SETTERS = {"setMyDescription": "description", "setMyShortDescription": "short_description"}


def set_calls(sandbox: Sandbox) -> Counter[str]:
    """Return how often each text was set, without the calls that failed."""
    done = [SETTERS.get(call.method) for call in sandbox.calls if call.status == 200]
    return Counter(field for field in done if field)


def test_descriptions_are_set_once(sandbox: Sandbox, url: str) -> None:
    """Every language and all others get theirs; the next start changes none, and none the name."""
    for _ in range(2):
        describe(connect(url))
        assert set_calls(sandbox) == dict.fromkeys(FIELDS, len(locales()) + 1)
    for field, key in FIELDS.items():
        assert sandbox.state.profile.get(field, "") == text(key)
        for locale in locales():
            assert sandbox.state.profile.get(field, locale) == text(key, locale)
    assert "setMyName" not in {call.method for call in sandbox.calls}


def test_only_what_differs_is_set(sandbox: Sandbox, url: str) -> None:
    """A language that lacks its description gets it, and no other is set again."""
    describe(connect(url))
    before = set_calls(sandbox)
    sandbox.state.profile.set("short_description", "ru", "")
    describe(connect(url))
    assert set_calls(sandbox) - before == {"short_description": 1}
    assert sandbox.state.profile.get("short_description", "ru") == text(
        "bot-short-description", "ru"
    )


def test_the_operators_own_description_stays(sandbox: Sandbox, url: str) -> None:
    """Where the operator has written a description it is kept for everyone; the other is set."""
    sandbox.state.profile.set("description", "", "Our club's bot")
    describe(connect(url))
    assert sandbox.state.profile.get("description", "") == "Our club's bot"
    assert sandbox.state.profile.get("description", "ru") == ""
    assert set_calls(sandbox) == {"short_description": len(locales()) + 1}


def test_a_start_that_was_cut_off_is_made_up_for(sandbox: Sandbox, url: str) -> None:
    """After Telegram refused to go on, the next attempt sets what is missing."""
    sandbox.faults = Faults(rate_limited=0.5, methods=set(SETTERS))
    for _ in range(100):
        try:
            describe(connect(url))
        except TryLater:
            continue
        break
    assert set_calls(sandbox) == dict.fromkeys(FIELDS, len(locales()) + 1)


@pytest.mark.parametrize("privacy_mode", [False, True])
def test_privacy_mode(privacy_mode: bool) -> None:  # noqa: FBT001
    """One warning says what privacy mode keeps from the bot, and how to turn it off."""
    with (
        running(Sandbox(TOKEN, privacy_mode=privacy_mode)) as url,
        structlog.testing.capture_logs() as records,
    ):
        warn_of_privacy_mode(connect(url).me())
    assert [record["log_level"] for record in records] == ["warning"] * privacy_mode
    assert all("/setprivacy" in record["event"] for record in records)
