"""What Telegram shows of a bot before anybody writes to it: menus of commands, and descriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from telebot import TeleBot, types

from attrai.telegram.errors import translate_errors

#: Kinds of chats that have a menu of commands each.
MenuScope = Literal["private chats", "groups", "administrators of groups"]
_SCOPES: dict[MenuScope, Callable[[], types.BotCommandScope]] = {
    "private chats": types.BotCommandScopeAllPrivateChats,
    "groups": types.BotCommandScopeAllGroupChats,
    "administrators of groups": types.BotCommandScopeAllChatAdministrators,
}

#: What Telegram shows in the empty chat with the bot, and in its profile.
Description = Literal["description", "short-description"]
DESCRIPTIONS: tuple[Description, ...] = get_args(Description)


class Profile:
    """A bot's menus and descriptions, by language. Its calls raise the errors of `Telegram`."""

    def __init__(self, bot: TeleBot) -> None:
        self._bot = bot

    def commands(self, language: str | None, scope: MenuScope) -> dict[str, str]:
        """Return the menu of commands that was set for a language in one kind of chats."""
        with translate_errors():
            menu = self._bot.get_my_commands(_SCOPES[scope](), language)
            return {command.command: command.description for command in menu}

    def set_commands(
        self, commands: dict[str, str], language: str | None, scope: MenuScope
    ) -> None:
        """Set the menu of commands for a language in one kind of chats.

        Args:
            commands: descriptions by command name.
            language: a two-letter language code, or None for users of all other languages.
            scope: the chats.
        """
        with translate_errors():
            menu = [types.BotCommand(name, description) for name, description in commands.items()]
            self._bot.set_my_commands(menu, _SCOPES[scope](), language)

    def description(self, kind: Description, language: str | None = None) -> str:
        """Return a description of the bot for a two-letter language code; "" if there is none."""
        with translate_errors():
            if kind == "description":
                return self._bot.get_my_description(language).description or ""
            return self._bot.get_my_short_description(language).short_description or ""

    def set_description(self, kind: Description, words: str, language: str | None = None) -> None:
        """Set a description of the bot for a language code, or for all other languages."""
        with translate_errors():
            if kind == "description":
                self._bot.set_my_description(words, language)
            else:
                self._bot.set_my_short_description(words, language)
