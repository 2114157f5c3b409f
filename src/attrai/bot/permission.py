"""Who may press a button: whoever asked for the answer, and in groups administrators too."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attrai.bot.buttons import Handler, Reply
from attrai.bot.request_types import ButtonRequest
from attrai.errors import TryLater
from attrai.locales import text
from attrai.outages import OUTAGES
from attrai.telegram import Pseudonyms, Rejected, Telegram
from attrai.telegram.answer_buttons import parse_data


class Permission:
    """A guard of handlers, which tells everybody else that the button isn't theirs."""

    def __init__(self, telegram: Telegram, pseudonyms: Pseudonyms) -> None:
        self._telegram = telegram
        self._pseudonyms = pseudonyms

    def guard(self, handler: Handler) -> Handler:
        """Return a handler that handles only the presses of those who may."""

        def handle(request: ButtonRequest) -> Reply | Callable[[], Reply]:
            origin = request.origin
            asker = parse_data(request.data).asker
            # A private chat is one person's, whose pseudonyms change with the bot's token.
            if request.private or asker == self._pseudonyms.asker(origin.chat, origin.user):
                return handler(request)
            return partial(self._handle_as_administrator, request, handler)

        return handle

    def _handle_as_administrator(self, request: ButtonRequest, handler: Handler) -> Reply:
        origin = request.origin
        try:
            allowed = self._telegram.is_administrator(origin.chat, origin.user)
        except Rejected:  # they have left
            allowed = False
        if not allowed:
            return Reply(text("press-not-yours", origin.locale), alert=True)
        try:
            reply = handler(request)
        except OUTAGES as error:
            raise TryLater(type(error).__name__) from error
        return reply() if callable(reply) else reply
