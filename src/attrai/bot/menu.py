"""The menus of commands, one for each kind of chat and each language."""

from __future__ import annotations

from collections.abc import Callable

from attrai.locales import DEFAULT_LOCALE, locales, text
from attrai.telegram import MenuScope, Telegram

#: The commands of each menu; /start needs no entry.
MENUS: dict[MenuScope, tuple[str, ...]] = {
    "private chats": ("help", "styles", "settings", "language", "privacy"),
    "groups": ("rate", "help"),
    "administrators of groups": ("rate", "styles", "settings", "language", "privacy", "help"),
}


def make_menu_setter(telegram: Telegram) -> Callable[[], None]:
    """Return a function that sets all menus. Called again, it goes on where it was interrupted.

    Only those that differ are set, as Telegram limits how often they change.
    """
    left = [(scope, language) for scope in MENUS for language in (None, *locales())]

    def offer() -> None:
        while left:
            scope, language = left[-1]
            menu = {
                name: text(f"command-{name}", language or DEFAULT_LOCALE) for name in MENUS[scope]
            }
            shown = telegram.profile.commands(language, scope)
            if list(shown.items()) != list(menu.items()):
                telegram.profile.set_commands(menu, language, scope)
            left.pop()

    return offer
