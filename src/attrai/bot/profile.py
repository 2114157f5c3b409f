"""What the operator set at @BotFather, and what Telegram shows of the bot: its descriptions.

The bot's name is left to the operator, who chose it at @BotFather and may have printed it on a
poster.
"""

from __future__ import annotations

import structlog
from telebot import types

from attrai.locales import DEFAULT_LOCALE, locales, text
from attrai.telegram import DESCRIPTIONS, Telegram

log = structlog.get_logger(__name__)


def describe(telegram: Telegram) -> None:
    """Set the bot's descriptions, unless the operator has written their own.

    Only those that differ are set, as Telegram limits how often they change. The one for all other
    languages tells whose they are; it is set last, so that the next start completes one that was
    cut off.
    """
    for kind in DESCRIPTIONS:
        if telegram.profile.description(kind) not in ("", text(f"bot-{kind}")):
            continue
        for language in (*locales(), None):
            words = text(f"bot-{kind}", language or DEFAULT_LOCALE)
            if telegram.profile.description(kind, language) != words:
                telegram.profile.set_description(kind, words, language)


def warn_of_privacy_mode(me: types.User) -> None:
    """Log that Telegram keeps mentions from the bot, if it does.

    See https://core.telegram.org/bots/features#privacy-mode.
    """
    if me.can_join_groups and not me.can_read_all_group_messages:
        log.warning(
            "in groups, mentions don't reach this bot unless it is an administrator, only commands:"
            " /setprivacy at @BotFather turns its privacy mode off"
        )
