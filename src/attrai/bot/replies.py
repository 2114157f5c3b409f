"""Replies to people: texts in answer to what they write, of which the latest counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attrai.bot.request_types import Origin
from attrai.bot.sender import BackgroundSender
from attrai.telegram import Keyboard, Pseudonyms, Telegram


class Replies:
    """Texts for people, sent in the background. One that still waits gives way to the next."""

    def __init__(
        self, telegram: Telegram, pseudonyms: Pseudonyms, sender: BackgroundSender
    ) -> None:
        self._telegram = telegram
        self._pseudonyms = pseudonyms
        self._sender = sender

    def post(
        self, origin: Origin, words: str, keyboard: Keyboard = (), *, hint: bool = False
    ) -> None:
        """Reply to a message in the background.

        Args:
            origin: the message.
            words: the text.
            keyboard: the buttons under it.
            hint: whether the text only says what else to send, and so takes no answer's place.
        """
        self.call(origin, partial(self.send, origin, words, keyboard), hint=hint)

    def call(self, origin: Origin, send: Callable[[], None], *, hint: bool = False) -> None:
        """Have a function reply in the background, unless a later reply comes first."""
        self._sender.reply(origin.chat, origin.user, send, hint=hint)

    def send(self, origin: Origin, words: str, keyboard: Keyboard = ()) -> None:
        """Reply to a message now."""
        turn = self._pseudonyms.reply(origin.chat, origin.user)
        self._telegram.send_text(origin.destination, words, turn=turn, keyboard=keyboard)
