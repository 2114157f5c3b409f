"""The menus of commands: each kind of chat has its own, in every language."""

from __future__ import annotations

from attrai.bot.menu import make_menu_setter
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
    make_menu_setter(connect(url))()
    for language in ("", *locales()):
        commands = sandbox.state.commands
        private = sandbox.commands(language)
        assert names(private) == ["help", "styles", "settings", "language", "privacy"]
        assert private[0]["description"] == text("command-help", language)
        assert names(commands.get(GROUPS, language)) == ["rate", "help"]
        assert set(names(commands.get(ADMINISTRATORS, language))) == {"rate", *names(private)}


def set_calls(sandbox: Sandbox) -> int:
    """Return how many menus were set."""
    return sum(call.method == "setMyCommands" and call.status == 200 for call in sandbox.calls)


def test_only_what_differs_is_set(sandbox: Sandbox, url: str) -> None:
    """The next start sets none of the menus, or the one that was changed or reordered since."""
    make_menu_setter(connect(url))()
    before = set_calls(sandbox)
    for changed in ([], sandbox.commands("ru")[:2], sandbox.commands("ru")[::-1]):
        if changed:
            sandbox.state.commands.set(changed, {"type": "all_private_chats"}, "ru")
        make_menu_setter(connect(url))()
        assert set_calls(sandbox) - before == bool(changed)
        assert len(sandbox.commands("ru")) == 5
        before = set_calls(sandbox)
    assert names(sandbox.commands("ru")) == names(sandbox.commands("de"))


def test_menus_that_are_interrupted(sandbox: Sandbox, url: str) -> None:
    """Menus that could not be set are set by the next attempt, and no others once more."""
    offer = make_menu_setter(connect(url))
    sandbox.faults = Faults(server_error=0.5)
    attempts = 0
    while True:
        attempts += 1
        try:
            offer()
        except TryLater:
            continue
        break
    assert set_calls(sandbox) == 3 * (len(locales()) + 1)
    assert attempts == sum(call.status != 200 for call in sandbox.calls) + 1
    assert attempts > 1
