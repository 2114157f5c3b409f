"""Presses of buttons: which handler gets them, and that each is answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import ConnectionError as RedisDown

from attrai.bot.buttons import Reply
from attrai.bot.request_types import ButtonRequest, Origin
from attrai.errors import TryLater
from attrai.telegram import Button, Destination
from telegram_sandbox import CallbackAnswer
from tests.bot.parts import Parts, parts

KEYBOARD = ((Button("one", "a:1"), Button("two", "a:2")), (Button("odd", "b"),))
OLD = CallbackAnswer("This button no longer works.", alert=False)


@pytest.fixture
def bot() -> Iterator[Parts]:
    """Yield the parts of a bot, to which a user has written."""
    with parts() as opened:
        opened.sandbox.user(1).send_text("/start")
        opened.receive()
        yield opened


def offer(bot: Parts) -> int:
    """Send the user a message with buttons, and return its id."""
    return bot.telegram.send_text(Destination(1, 1), "Which?", keyboard=KEYBOARD).message


def press(bot: Parts, message: int, data: str, user: int = 1) -> CallbackAnswer:
    """Press a button, have the bot handle it, and return its answer."""
    number = bot.sandbox.user(user).press(message, data, chat=1)
    bot.receive()
    return bot.sandbox.wait_for_answer(number, 0)


def test_a_press_is_answered_by_the_handler_of_its_prefix(bot: Parts) -> None:
    """A handler is found by what stands before the colon, and its reply is shown."""
    pressed: list[ButtonRequest] = []

    def handle(request: ButtonRequest) -> Reply:
        pressed.append(request)
        return Reply(f"You said {request.data}", alert=True)

    bot.dispatcher.buttons.register("a", handle)
    bot.dispatcher.buttons.register("b", lambda request: lambda: Reply(request.data * 2))
    message = offer(bot)
    assert press(bot, message, "a:2") == CallbackAnswer("You said a:2", alert=True)
    assert press(bot, message, "b") == CallbackAnswer("bb", alert=False)
    (request,) = pressed
    assert request.origin == Origin(1, message, 1, "en")
    assert request.replied is not None
    assert (request.replied.message, request.replied.file, request.private) == (1, None, True)


def test_forged_and_unknown_presses_are_answered(bot: Parts) -> None:
    """Data that no button of the message has, or whose handler is gone, gets a polite answer."""
    bot.dispatcher.buttons.register("a", lambda _: Reply("handled"))
    message = offer(bot)
    for data in ("b", "a:3", "a:", "", "s:boxes"):
        assert press(bot, message, data) == OLD
    # Not even the data of another message's button.
    other = bot.telegram.send_text(Destination(1, 1), "No buttons").message
    assert press(bot, other, "a:1") == OLD
    assert press(bot, message, "a:1").text == "handled"


@pytest.mark.parametrize(
    "message",
    [None, {"chat": {"id": 1, "type": "private"}, "message_id": 1, "date": 0}],
    ids=["inline", "inaccessible"],
)
def test_presses_under_messages_that_bots_cant_see_are_answered(
    bot: Parts, message: dict[str, object] | None
) -> None:
    """A press under a message too old for bots, or one sent inline, is answered too."""
    user = bot.sandbox.state.user(1)
    query = {"id": "7", "from": user, "chat_instance": "1", "data": "a:1"}
    bot.sandbox.inject({"callback_query": query | ({"message": message} if message else {})})
    bot.receive()
    assert bot.sandbox.calls[-1].method == "answerCallbackQuery"


def test_an_outage_leaves_no_press_without_an_answer(bot: Parts) -> None:
    """A handler that an outage interrupts is called again, and the press answered at once."""
    outcomes = iter([RedisDown(), None])

    def handle(_: ButtonRequest) -> Reply:
        if error := next(outcomes):
            raise error
        return Reply("at last")

    bot.dispatcher.buttons.register("b", handle)
    number = bot.sandbox.user(1).press(offer(bot), "b")
    with pytest.raises(RedisDown):
        bot.receive()
    bot.flush()
    assert bot.sandbox.wait_for_answer(number, 0).text == ""
    bot.receive()
    assert next(outcomes, "handled") == "handled"


def test_what_takes_long_is_tried_again(bot: Parts) -> None:
    """Work in the background is repeated while Telegram fails, and the press answered then."""
    outcomes = iter([TryLater("busy"), None])

    def work() -> Reply:
        if error := next(outcomes):
            raise error
        return Reply("done")

    bot.dispatcher.buttons.register("b", lambda _: work)
    assert press(bot, offer(bot), "b").text == "done"
