"""The menus of commands: each kind of chat has its own, in every language."""

from __future__ import annotations

from attrai.bot.menu import menus_offer
from attrai.errors import TryLater
from attrai.locales import locales, text
from telegram_sandbox import Faults, Sandbox
from tests.telegram.served import connect

GROUPS, ADMINISTRATORS = {"type": "all_group_chats"}, {"type": "all_chat_administrators"}


def names(commands: list[dict[str, str]]) -> list[str]:
    """Return the names of commands."""
    return [command["command"] for command in commands]


def test_menus(sandbox: Sandbox, url: str) -> None:
    """Groups are offered /rate, private chats what is set there, and administrators both."""
    menus_offer(connect(url))()
    for language in ("", *locales()):
        commands = sandbox.state.commands
        private = sandbox.commands(language)
        assert names(private) == ["help", "styles", "settings", "language", "privacy"]
        assert private[0]["description"] == text("command-help", language)
        assert names(commands.get(GROUPS, language)) == ["rate", "help"]
        assert set(names(commands.get(ADMINISTRATORS, language))) == {"rate", *names(private)}


def test_menus_that_are_interrupted(sandbox: Sandbox, url: str) -> None:
    """Menus that could not be set are set by the next attempt, and no others once more."""
    offer = menus_offer(connect(url))
    sandbox.faults = Faults(server_error=0.5)
    attempts = 0
    while True:
        attempts += 1
        try:
            offer()
        except TryLater:
            continue
        break
    done = [call for call in sandbox.calls if call.status == 200]
    assert len(done) == 3 * (len(locales()) + 1)
    assert attempts == len(sandbox.calls) - len(done) + 1
    assert attempts > 1
