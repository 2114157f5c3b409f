"""What Telegram shows of the bot besides its messages: the descriptions, in every language.

The bot's name is left to the operator, who chose it at @BotFather and may have printed it on a
poster.
"""

from __future__ import annotations

from attrai.locales import DEFAULT_LOCALE, locales, text
from attrai.telegram import DESCRIPTIONS, Telegram


def describe(telegram: Telegram) -> None:
    """Set the bot's descriptions, unless the operator has written their own.

    Only those that differ are set, as Telegram limits how often they change. The one for all other
    languages tells whose they are; it is set last, so that what a stopped bot left out is made up
    for.
    """
    for kind in DESCRIPTIONS:
        if telegram.description(kind) not in ("", text(f"bot-{kind}")):
            continue
        for language in (*locales(), None):
            words = text(f"bot-{kind}", language or DEFAULT_LOCALE)
            if telegram.description(kind, language) != words:
                telegram.set_description(kind, words, language)
