"""Poller: confirms updates only after handling them, and survives all errors but a bad token."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dramatiq
import pika
import pytest
import redis
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout
from telebot import types

from attrai import logs
from attrai.bot import connection
from attrai.bot import poller as module
from attrai.bot.poller import Poller
from attrai.bot.request_types import Request
from attrai.bot.updates import UpdateParser
from attrai.lifecycle.shutdown import Shutdown
from attrai.telegram import TokenRefused
from telegram_sandbox import Faults, Sandbox, running
from telegram_sandbox.polling import MAX_TIMEOUT_SECONDS
from telegram_sandbox.webhook import Webhook
from testing.waiting import PATIENCE_S, wait_for
from tests.telegram.served import connect


class Bot:
    """A poller on a sandbox that records the requests it receives."""

    def __init__(self, url: str) -> None:
        self.received: list[int] = []
        self.settled = 0
        self.turns = 0
        self.telegram = connect(url)
        self.shutdown = Shutdown()
        self.poller = Poller(self.telegram, self.shutdown, on_heartbeat=self._turn)
        self.ended: Exception | None = None
        self.on_receive: Callable[[Request], None] = lambda _: None

    def run(self) -> None:
        """Poll until a shutdown is requested."""
        me = types.User(1000, is_bot=True, first_name="a", username="attrai_sandbox_bot")
        self.poller.run(UpdateParser(me, 1280, {}), self._receive, self._flush)

    def _receive(self, request: Request) -> None:
        self.on_receive(request)
        self.received.append(request.origin.message)

    def _flush(self, _: float) -> None:
        self.settled += 1

    def _turn(self) -> None:
        self.turns += 1


@pytest.fixture
def bot(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """Create a poller that retries after 10 ms."""
    monkeypatch.setattr(connection, "RETRY_MIN_SECONDS", 0.01)
    with running(sandbox) as url:
        yield Bot(url)


@pytest.fixture
def records() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return a function that returns the log records of the test."""
    stream = io.StringIO()
    logs.configure("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.configure("warning", io.StringIO())


def run_until(bot: Bot, condition: Callable[[], bool]) -> None:
    """Poll in this thread until the condition holds, then shut down.

    Raises:
        TimeoutError: the condition never held.
    """
    with ThreadPoolExecutor() as threads:
        held = threads.submit(wait_for, condition)
        held.add_done_callback(lambda _: bot.shutdown.request())
        bot.run()
        held.result()


def polls(sandbox: Sandbox) -> bool:
    """Return whether a client is long polling for updates."""
    return len(sandbox.state._listeners) > 0


def test_updates_in_their_order(bot: Bot, sandbox: Sandbox) -> None:
    """Updates are handled in order, and confirmed only afterwards."""
    person = sandbox.user()
    sent = [person.send_text(str(number)) for number in range(5)]

    def pending(_: Request) -> None:
        assert sandbox.pending_updates() == 5

    bot.on_receive = pending
    run_until(bot, lambda: bot.settled > 0 and polls(sandbox))
    assert bot.received == sent
    assert sandbox.pending_updates() == 0
    assert bot.turns >= 2


def test_it_ends_at_once(bot: Bot, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shutdown during long polling ends the poller at once and abandons the call."""
    monkeypatch.setattr(module, "_LONG_POLL_SECONDS", MAX_TIMEOUT_SECONDS)
    run_until(bot, lambda: polls(sandbox))
    assert polls(sandbox)


def test_a_shutdown_while_updates_are_handled(bot: Bot, sandbox: Sandbox) -> None:
    """A shutdown waits for the current batch of updates, which is handled and confirmed."""
    person = sandbox.user()
    sent = [person.send_text("a"), person.send_text("b")]

    def stop(_: Request) -> None:
        assert bot.poller.unconfirmed
        bot.shutdown.request()

    bot.on_receive = stop
    run_until(bot, lambda: len(bot.received) == 2)
    assert bot.received == sent
    assert sandbox.pending_updates() == 0
    assert not bot.poller.unconfirmed


def test_the_last_confirmation_is_tried_again(
    bot: Bot, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The confirmation at shutdown is retried while Telegram fails."""
    monkeypatch.setattr(module, "_CONFIRM_SECONDS", PATIENCE_S)
    sandbox.user().send_text("a")

    def stop(_: Request) -> None:
        sandbox.faults = Faults(server_error=0.7, methods={"getUpdates"})
        bot.shutdown.request()

    bot.on_receive = stop
    run_until(bot, lambda: len(bot.received) == 1)
    assert sandbox.pending_updates() == 0


def test_an_outage(bot: Bot, sandbox: Sandbox) -> None:
    """During an outage of a server an update is retried, and not confirmed."""
    sent = sandbox.user().send_text("a")
    errors = [
        redis.ConnectionError("away"),
        redis.TimeoutError("away"),
        dramatiq.errors.BrokerConnectionError("away"),
        dramatiq.errors.ConnectionClosed("away"),
        AMQPConnectorStackTimeout("silent"),
        pika.exceptions.ChannelWrongStateError("half dead"),
        redis.exceptions.ReadOnlyError("failover"),
        redis.exceptions.OutOfMemoryError("full"),
        redis.exceptions.BusyLoadingError("loading"),
        redis.ResponseError("MISCONF"),
        ConnectionResetError("away"),
    ]

    def fail(_: Request) -> None:
        assert sandbox.pending_updates() == 1
        if errors:
            raise errors.pop()

    bot.on_receive = fail
    run_until(bot, lambda: bot.settled > 0)
    assert not errors
    assert bot.received == [sent]
    assert sandbox.pending_updates() == 0


def test_a_shutdown_in_an_outage(bot: Bot, sandbox: Sandbox) -> None:
    """An update that could not be handled before the shutdown is left unconfirmed."""
    person = sandbox.user()
    first, second = person.send_text("a"), person.send_text("b")
    failed = threading.Event()

    def fail(request: Request) -> None:
        if request.origin.message == second:
            failed.set()
            raise redis.ConnectionError

    bot.on_receive = fail
    run_until(bot, failed.is_set)
    assert bot.received == [first]
    assert [update["message"]["text"] for update in sandbox.state.updates.peek(9)] == ["b"]


def test_what_cannot_be_read(
    bot: Bot, sandbox: Sandbox, records: Callable[[], list[dict[str, Any]]]
) -> None:
    """Malformed updates and response bodies are skipped, and the others are handled."""
    sandbox.user()
    sandbox.inject_body(b"{")
    sandbox.inject({"message": {"text": "a message of nobody"}})
    sandbox.inject({"message": 7})
    sandbox.inject({"unheard_of": {}})
    sent = sandbox.user().send_text("a")
    run_until(bot, lambda: bot.settled > 0)
    assert bot.received == [sent]
    assert sandbox.pending_updates() == 0
    events = [record["event"] for record in records()]
    assert events == ["Telegram can't be asked", "update skipped", "update skipped"]


def test_another_poller(
    bot: Bot,
    sandbox: Sandbox,
    records: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When another program polls, the poller logs an error and retries."""
    monkeypatch.setattr(connection, "_CONFLICT_RETRY_SECONDS", 0.01)
    sent = sandbox.user().send_text("a")
    conflict = {"ok": False, "error_code": 409, "description": "Conflict: terminated"}
    sandbox.inject_body(json.dumps(conflict).encode())
    run_until(bot, lambda: bot.settled > 0)
    assert bot.received == [sent]
    (record,) = records()
    assert record["level"] == "error"
    assert record["event"] == (
        "another program gets this bot's updates: end it, or take another token"
    )


def test_a_token_that_is_refused(bot: Bot, sandbox: Sandbox) -> None:
    """The poller ends when Telegram refuses the token."""
    sandbox.token = "1:another"  # noqa: S105 - it opens nothing
    with pytest.raises(TokenRefused):
        bot.run()
    with pytest.raises(TokenRefused):
        bot.poller.wait_for_account()


def test_telegram_that_fails(bot: Bot, sandbox: Sandbox) -> None:
    """Calls are retried while Telegram fails, and no update is lost."""
    sandbox.faults = Faults(
        server_error=0.3, drop_before=0.2, drop_after=0.2, methods={"getUpdates"}
    )
    person = sandbox.user()
    sent = [person.send_text(str(number)) for number in range(3)]

    def more(_: Request) -> None:
        if len(bot.received) < 20:
            sent.append(person.send_text("more"))

    bot.on_receive = more
    run_until(bot, lambda: len(bot.received) >= 20)
    assert list(dict.fromkeys(bot.received)) == sent[: len(set(bot.received))]


def test_a_webhook(bot: Bot, sandbox: Sandbox, records: Callable[[], list[dict[str, Any]]]) -> None:
    """A webhook that is left on the token is deleted at the start; updates that wait are kept."""
    sandbox.state.webhook = Webhook("https://bot.invalid/SECRET")
    sent = [sandbox.user().send_text(str(number)) for number in range(3)]
    assert bot.poller.wait_for_account() is not None
    (record,) = records()
    assert (record["level"], record["event"]) == (
        "warning",
        "a webhook got this bot's updates: it is deleted",
    )
    assert "SECRET" not in str(record)
    run_until(bot, lambda: bot.settled > 0)
    assert bot.received == sent
    assert len(records()) == 1


def test_no_webhook(
    bot: Bot, sandbox: Sandbox, records: Callable[[], list[dict[str, Any]]]
) -> None:
    """Without a webhook nothing is deleted, and nothing is said."""
    assert bot.poller.wait_for_account() is not None
    assert [call.method for call in sandbox.calls] == ["getMe", "getWebhookInfo"]
    assert records() == []


def test_the_account(bot: Bot, sandbox: Sandbox) -> None:
    """Fetching the bot's account is retried until Telegram can be reached."""
    sandbox.faults = Faults(server_error=1)

    def heal() -> None:
        wait_for(lambda: len(sandbox.calls) >= 3)
        sandbox.faults = Faults()

    thread = threading.Thread(target=heal)
    thread.start()
    me = bot.poller.wait_for_account()
    thread.join()
    assert me is not None
    assert me.username == "attrai_sandbox_bot"
    bot.shutdown.request()
    assert bot.poller.wait_for_account() is None
