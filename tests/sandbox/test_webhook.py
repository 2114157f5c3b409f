"""The sandbox sends updates to a webhook as Telegram does."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from telegram_sandbox import Faults, Sandbox
from testing.waiting import PATIENCE_S, wait_for
from tests.sandbox.clients import aiogram, python_telegram_bot

Call = Callable[..., dict[str, Any]]
_SECRET = "a-Secret_1"  # noqa: S105 - it opens nothing


class Receiver:
    """A bot's end of a webhook, which answers as a test says and records what it gets."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.secrets: set[str | None] = set()
        #: Returns the status and the body of the answer to an update.
        self.answer: Callable[[Any], tuple[int, bytes]] = lambda _: (200, b"")
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve during the block."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.secrets.add(self.headers["X-Telegram-Bot-Api-Secret-Token"])
                receiver.got.append(json.loads(body))
                status, answer = receiver.answer(receiver.got[-1])
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}/"
            yield
            server.shutdown()
            thread.join()

    def texts(self) -> list[str]:
        """Return the texts of the messages."""
        return [update["message"]["text"] for update in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver of updates."""
    receiver = Receiver()
    with receiver.running():
        yield receiver


def test_updates_are_sent(call: Call, sandbox: Sandbox, receiver: Receiver) -> None:
    """Updates that wait and new ones are sent in order with the secret, and then forgotten."""
    ann = sandbox.user()
    ann.send_text("before")
    assert call("setWebhook", url=receiver.url, secret_token=_SECRET)["result"] is True
    ann.send_text("after")
    wait_for(lambda: sandbox.pending_updates() == 0)
    assert receiver.texts() == ["before", "after"]
    assert receiver.secrets == {_SECRET}
    info = call("getWebhookInfo")["result"]
    assert info == {
        "url": receiver.url,
        "has_custom_certificate": False,
        "pending_update_count": 0,
        "max_connections": 40,
    }
    assert call("getUpdates")["error_code"] == 409
    call("deleteWebhook")
    ann.send_text("later")
    assert len(call("getUpdates")["result"]) == 1
    assert receiver.texts() == ["before", "after"]


def test_what_is_not_answered_with_2xx(call: Call, sandbox: Sandbox, receiver: Receiver) -> None:
    """An update that is refused is sent again, before the next of its chat; others go on."""
    statuses = [500, 404, 302]
    sandbox.webhook_retry_seconds = 0.01
    done = threading.Event()

    def answer(update: Any) -> tuple[int, bytes]:
        if update["message"]["text"] == "first":
            done.wait(PATIENCE_S)
            return (statuses.pop() if statuses else 204), b""
        return 200, b""

    receiver.answer = answer
    sandbox.user(1).send_text("first")
    sandbox.user(1).send_text("second")
    sandbox.user(2).send_text("of another")
    call("setWebhook", url=receiver.url)
    wait_for(lambda: "of another" in receiver.texts())
    done.set()
    wait_for(lambda: sandbox.pending_updates() == 0)
    assert [text for text in receiver.texts() if text != "of another"] == ["first"] * 4 + ["second"]
    info = call("getWebhookInfo")["result"]
    assert info["last_error_message"].startswith("Wrong response from the webhook: 500 ")
    assert info["last_error_date"] > 0


def test_no_temporary_folder(
    call: Call, sandbox: Sandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no certificate can be stored, the bot learns why it gets nothing."""
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    sandbox.user().send_text("hi")
    call("setWebhook", url=receiver.url)
    wait_for(lambda: "last_error_message" in call("getWebhookInfo")["result"])
    problem = call("getWebhookInfo")["result"]["last_error_message"]
    assert problem == "The sandbox can't store the certificate: No such file or directory"


def test_connections(call: Call, sandbox: Sandbox, receiver: Receiver) -> None:
    """No more updates are sent at a time than the bot allows."""
    at_once, most, lock, full = 0, 0, threading.Lock(), threading.Event()

    def answer(_: Any) -> tuple[int, bytes]:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
            if at_once == 3:
                full.set()
        full.wait(PATIENCE_S)
        with lock:
            at_once -= 1
        return 200, b""

    receiver.answer = answer
    for number in range(1, 10):
        sandbox.user(number).send_text("a")
    call("setWebhook", url=receiver.url, max_connections=3)
    wait_for(lambda: sandbox.pending_updates() == 0)
    assert most == 3


def test_an_answer_that_is_lost(call: Call, sandbox: Sandbox, receiver: Receiver) -> None:
    """An update whose answer is lost is sent again."""
    sandbox.webhook_retry_seconds = 0.01
    sandbox.faults = Faults(drop_after=1, methods={"webhook"})
    call("setWebhook", url=receiver.url)
    sandbox.user().send_text("a")
    wait_for(lambda: len(receiver.got) >= 2)
    sandbox.faults = Faults()
    wait_for(lambda: sandbox.pending_updates() == 0)
    assert {update["update_id"] for update in receiver.got} == {1}


def test_a_call_in_the_answer(call: Call, sandbox: Sandbox, receiver: Receiver) -> None:
    """A call of a method in the answer is carried out."""
    reply = {"method": "sendMessage", "chat_id": 1, "text": "Hello!"}
    receiver.answer = lambda _: (200, json.dumps(reply).encode())
    call("setWebhook", url=receiver.url)
    sandbox.user().send_text("a")
    wait_for(lambda: sandbox.pending_updates() == 0)
    assert [message.text for message in sandbox.messages(1)] == ["a", "Hello!"]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"url": "http://bot.invalid/"}, "An HTTPS URL must be provided"),
        ({"url": "https://bot.invalid:8080/"}, "only on ports 80, 88, 443 or 8443"),
        ({"url": "ftp://127.0.0.1/"}, "invalid URL specified"),
        ({"url": "http://[/"}, "invalid URL specified"),
        ({"url": "https://bot.invalid/", "secret_token": "a b"}, "unallowed characters"),
    ],
)
def test_what_is_refused(call: Call, parameters: dict[str, str], reason: str) -> None:
    """A URL or secret that Telegram doesn't take is refused in its words."""
    assert reason in call("setWebhook", **parameters)["description"]
    assert call("getWebhookInfo")["result"]["url"] == ""


@pytest.mark.slow
def test_a_bot_of_aiogram(sandbox: Sandbox, url: str) -> None:
    """A bot written with aiogram gets its updates by webhook, and answers by a call or in place."""
    from aiogram import Dispatcher, types  # noqa: PLC0415 - takes seconds
    from aiogram.methods import SendMessage  # noqa: PLC0415 - takes seconds
    from aiogram.webhook.aiohttp_server import SimpleRequestHandler  # noqa: PLC0415 - takes seconds
    from aiohttp import web  # noqa: PLC0415 - only for this test

    dispatcher = Dispatcher()

    @dispatcher.message()
    async def echo(message: types.Message) -> SendMessage | None:
        if message.text == "a":
            await message.answer("by a call")
            return None
        return SendMessage(chat_id=message.chat.id, text="in place")

    def answered() -> bool:
        texts = [message.text for message in sandbox.messages(1)]
        return sandbox.pending_updates() == 0 and {"by a call", "in place"} <= set(texts)

    async def scenario() -> None:
        async with aiogram().bot(url, sandbox.token) as bot:
            app = web.Application()
            SimpleRequestHandler(
                dispatcher, bot, handle_in_background=False, secret_token=_SECRET
            ).register(app, path="/")
            runner = web.AppRunner(app)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            await bot.set_webhook(f"http://{host}:{port}/", secret_token=_SECRET)
            await asyncio.to_thread(wait_for, answered)
            await bot.delete_webhook()
            await runner.cleanup()

    sandbox.user().send_text("a")
    sandbox.user().send_text("b")
    asyncio.run(scenario())
    assert [message.sender for message in sandbox.messages(1)].count("bot") == 2


def test_a_bot_of_python_telegram_bot(
    sandbox: Sandbox, url: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot written with python-telegram-bot reads what its webhook gets, and answers."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # avoids a deprecation warning
    library = python_telegram_bot()

    async def scenario() -> None:
        async with library.bot(url, sandbox.token) as bot:
            await bot.set_webhook(receiver.url, secret_token=_SECRET)
            await asyncio.to_thread(wait_for, lambda: receiver.got)
            update = library.types.Update.de_json(receiver.got[0], bot)
            await bot.send_message(update.effective_chat.id, update.message.text.upper())

    sandbox.user().send_text("a")
    asyncio.run(scenario())
    assert sandbox.messages(1)[-1].text == "A"
    assert receiver.secrets == {_SECRET}
