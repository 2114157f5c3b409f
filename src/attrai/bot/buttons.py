"""Buttons under messages: whoever presses one is answered, by the handler of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from attrai.bot.request_types import ButtonRequest, Request
from attrai.bot.sender import BackgroundSender
from attrai.locales import text
from attrai.outages import OUTAGES
from attrai.telegram import Telegram

#: Maximum number of attempts to answer a press, and to do what takes long.
_MAX_ATTEMPTS = 5


class Reply(NamedTuple):
    """What is shown to whoever pressed a button: nothing, a text for some seconds, or an alert."""

    text: str = ""
    alert: bool = False


#: Handles a press and returns the reply, or a function that does what takes long and then returns
#: it; that is called in the background, and again when Telegram fails. A handler may raise because
#: of an outage, and is called again when the update is handled again.
Handler = Callable[[ButtonRequest], Reply | Callable[[], Reply]]


class Buttons:
    """Handlers of presses, by the prefix of the button's data: `prefix:rest`."""

    def __init__(self, telegram: Telegram, sender: BackgroundSender) -> None:
        self._telegram = telegram
        self._sender = sender
        self._handlers: dict[str, Handler] = {}

    def register(self, prefix: str, handler: Handler) -> None:
        """Have presses of buttons with this prefix handled."""
        self._handlers[prefix] = handler

    def receive(self, request: ButtonRequest) -> None:
        """Handle and answer a press.

        Raises the errors of `RequestHandler.receive`, after which it may be called again.
        """
        handler = self._handlers.get(request.data.partition(":")[0], _out_of_use)
        reply = handler(request)
        if callable(reply):
            self._answer_in_background(request, reply)
        else:
            self.answer(request, reply)

    def answer(self, request: ButtonRequest, reply: Reply) -> None:
        """Answer a press without handling it."""
        self._answer_in_background(request, lambda: reply)

    @contextmanager
    def answer_in_outages(self, request: Request) -> Iterator[None]:
        """Answer a press at once if an outage interrupts the block, which is then repeated later.

        The app shows that it is waiting until there is an answer. Telegram refuses late ones.
        """
        try:
            yield
        except OUTAGES:
            if isinstance(request, ButtonRequest):
                self._answer_in_background(request, Reply)
            raise

    def _answer_in_background(self, request: ButtonRequest, find: Callable[[], Reply]) -> None:
        self._sender.post(partial(self._answer, request.query, find), max_attempts=_MAX_ATTEMPTS)

    def _answer(self, query: str, find: Callable[[], Reply]) -> None:
        self._telegram.answer_press(query, *find())


def _out_of_use(request: ButtonRequest) -> Reply:
    return Reply(text("press-old", request.origin.locale))
