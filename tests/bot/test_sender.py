"""BackgroundSender: a message that has to wait holds up no other, and replies don't pile up."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import pytest

from attrai.bot import sender as module
from attrai.bot.sender import BackgroundSender
from attrai.errors import TryLater
from attrai.telegram import Rejected, limiter
from testing.waiting import PATIENCE_S, wait_for

ANN, BOB = 1, 2


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Iterator[BackgroundSender]:
    """Create a sender that hardly pauses between two replies."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(module, "_RETRY_MIN_SECONDS", 0.01)
    sender = BackgroundSender()
    yield sender
    sender.close()


class Chat:
    """A chat that takes messages once it is opened, and says which it got."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.asked = threading.Event()
        self.open = threading.Event()

    def send(self, words: str) -> Callable[[], None]:
        """Return a function that sends a message."""

        def send() -> None:
            self.asked.set()
            assert self.open.wait(PATIENCE_S)
            self.got.append(words)

        return send

    def take_later(self, words: str) -> Callable[[], None]:
        """Return a function that sends a message, or puts it off until the chat is opened."""

        def send() -> None:
            self.asked.set()
            if not self.open.is_set():
                raise TryLater("not yet")
            self.got.append(words)

        return send


def test_the_last_reply_wins(sender: BackgroundSender) -> None:
    """Of the replies that come while one is being sent only the last is sent."""
    chat = Chat()
    sender.reply(ANN, ANN, chat.send("first"))
    assert chat.asked.wait(PATIENCE_S)
    for number in range(300):
        sender.reply(ANN, ANN, chat.send(str(number)))
    chat.open.set()
    sender.flush(PATIENCE_S)
    assert chat.got == ["first", "299"]
    assert not sender.pending


def test_a_hint_takes_no_place(sender: BackgroundSender) -> None:
    """An answer takes the place of a hint that waits, and no hint that of an answer."""
    chat = Chat()
    sender.reply(ANN, ANN, chat.send("first"))
    assert chat.asked.wait(PATIENCE_S)
    sender.reply(ANN, ANN, chat.send("hint"), hint=True)
    sender.reply(ANN, ANN, chat.send("help"))
    sender.reply(ANN, ANN, chat.send("another hint"), hint=True)
    chat.open.set()
    sender.flush(PATIENCE_S)
    assert chat.got == ["first", "help"]


@pytest.mark.parametrize(
    ("first_is_hint", "second_is_hint", "sent"),
    [
        (False, False, "second"),
        (True, False, "second"),
        (True, True, "second"),
        (False, True, "first"),
    ],
)
def test_a_reply_that_is_tried_again(
    sender: BackgroundSender,
    first_is_hint: bool,  # noqa: FBT001 - pytest passes it
    second_is_hint: bool,  # noqa: FBT001 - as above
    sent: str,
) -> None:
    """A reply that failed gives way to a newer one, unless that is only a hint."""
    chat, failing = Chat(), threading.Event()

    def fail() -> None:
        chat.asked.set()
        assert failing.wait(PATIENCE_S)
        if not chat.got and not second.is_set():
            second.set()
            raise TryLater("not yet")
        chat.got.append("first")

    second = threading.Event()
    chat.open.set()
    sender.reply(ANN, ANN, fail, hint=first_is_hint)
    assert chat.asked.wait(PATIENCE_S)
    sender.reply(ANN, ANN, chat.send("second"), hint=second_is_hint)
    failing.set()
    sender.flush(PATIENCE_S)
    assert chat.got == [sent]


def test_everyone_has_a_place_of_their_own(sender: BackgroundSender) -> None:
    """Replies to others in the same chat, and in other chats, are kept."""
    group = -100
    chat = Chat()
    sender.reply(group, ANN, chat.send("first"))
    assert chat.asked.wait(PATIENCE_S)
    for place in ((group, ANN), (group, BOB), (ANN, ANN)):
        sender.reply(*place, chat.send(str(place)))
    chat.open.set()
    wait_for(lambda: len(chat.got) == 3)
    assert set(chat.got) == {"first", "(-100, 2)", "(1, 1)"}


def test_a_group_is_shared(sender: BackgroundSender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two replies to a person in a group there is room for messages to others."""
    assert module.pause_seconds(ANN) == limiter.CHAT_INTERVAL_SECONDS
    assert module.pause_seconds(-100) == 5 * limiter.GROUP_INTERVAL_SECONDS
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 1000)
    chat = Chat()
    chat.open.set()
    for number in range(10):
        sender.reply(-100, ANN, chat.send(f"Ann {number}"))
        sender.attempt_all(PATIENCE_S)
    sender.reply(-100, BOB, chat.send("Bob"))
    sender.attempt_all(PATIENCE_S)
    assert chat.got == ["Ann 0", "Bob"]


def test_waiting_messages_keep_no_thread(sender: BackgroundSender) -> None:
    """A message is sent at once while a hundred others wait for their chats."""
    slow = Chat()
    for number in range(50):
        sender.reply(number, number, slow.take_later("reply"))
        sender.post(slow.take_later("message"), max_attempts=10**6)
    quick = Chat()
    quick.open.set()
    sender.reply(BOB * 1000, BOB, quick.send("help"))
    sender.attempt_all(PATIENCE_S)
    assert quick.got == ["help"]
    assert sender.pending
    slow.open.set()
    sender.flush(PATIENCE_S)
    assert slow.got.count("message") == 50


def test_nobody_waits_for_what_is_put_off(sender: BackgroundSender) -> None:
    """The poller goes on while a reply waits for its chat, but not while one is being sent."""
    chat = Chat()
    sender.reply(ANN, ANN, chat.send("first"))
    assert chat.asked.wait(PATIENCE_S)
    sender.attempt_all(0.01)
    assert chat.got == []
    sender.reply(ANN, ANN, chat.send("second"))
    chat.open.set()
    sender.attempt_all(PATIENCE_S)
    assert chat.got[:1] == ["first"]


@pytest.mark.parametrize("error", [TryLater("no"), Rejected("no"), ValueError("no")])
def test_what_can_not_be_sent(sender: BackgroundSender, error: Exception) -> None:
    """A reply that fails for good, or too often, is dropped, and the next one is sent."""
    attempts = itertools.count()
    chat = Chat()
    chat.open.set()

    def fail() -> None:
        next(attempts)
        raise error

    sender.reply(ANN, ANN, fail)
    sender.flush(PATIENCE_S)
    assert next(attempts) == (5 if isinstance(error, TryLater) else 1)
    sender.reply(ANN, ANN, chat.send("next"))
    sender.flush(PATIENCE_S)
    assert chat.got == ["next"]


def test_closing(sender: BackgroundSender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing finishes what is being sent and drops what waits."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 1000)
    chat = Chat()
    sender.reply(ANN, ANN, chat.send("first"))
    assert chat.asked.wait(PATIENCE_S)
    sender.reply(ANN, ANN, chat.send("second"))
    closing = threading.Thread(target=sender.close)
    closing.start()
    chat.open.set()
    closing.join(PATIENCE_S)
    assert chat.got == ["first"]
