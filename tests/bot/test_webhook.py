"""The webhook: only Telegram gets in, and an update is confirmed once it is handled."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from telebot import types

from attrai import logs
from attrai.bot import webhook as module
from attrai.bot.handling import HandledUpdates
from attrai.bot.request_types import Request
from attrai.bot.updates import UpdateParser
from attrai.bot.webhook import Webhook
from attrai.bot.webhook_server import MAX_BODY
from attrai.errors import CannotStart, SettingsError
from attrai.lifecycle.shutdown import Shutdown
from attrai.processes.embedded import embedded_redis
from attrai.settings import Settings
from attrai.telegram import open_pseudonyms
from attrai.telegram.updates import ALLOWED_UPDATES
from attrai.telegram.webhooks import SECRET_HEADER, webhook_secret
from telegram_sandbox import Faults, Sandbox, running
from testing.certificates import self_signed
from testing.servers.server import listening, reserved_port
from testing.waiting import PATIENCE_S, wait_for
from tests.telegram.served import TOKEN, connect

SECRET = {SECRET_HEADER: webhook_secret(TOKEN)}


class Bot:
    """A webhook on a sandbox that records the requests it receives."""

    def __init__(self, url: str, port: int, **settings: Any) -> None:
        self.url = f"{'https' if settings else 'http'}://localhost:{port}/a-path"
        self.received: list[int] = []
        self.turns = 0
        self.shutdown = Shutdown()
        self.on_receive: Callable[[Request], None] = lambda _: None
        given = {"telegram_token": TOKEN, "telegram_api_url": url, "webhook_port": port}
        self.settings = Settings.model_validate(given | {"webhook_url": self.url} | settings)
        handled = HandledUpdates(embedded_redis(), open_pseudonyms(self.settings))
        self.webhook = Webhook(
            self.settings, connect(url), self.shutdown, handled, on_heartbeat=self._turn
        )
        self.ended: Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Request a shutdown, and wait until it is done."""
        self.shutdown.request()
        self._thread.join()

    def _run(self) -> None:
        me = types.User(1000, is_bot=True, first_name="a", username="attrai_sandbox_bot")
        try:
            self.webhook.run(UpdateParser(me, 1280, {}), self._receive, lambda _: None)
        except (CannotStart, SettingsError) as error:
            self.ended = error

    def _receive(self, request: Request) -> None:
        self.on_receive(request)
        self.received.append(request.origin.message)

    def _turn(self) -> None:
        self.turns += 1

    def post(self, body: bytes | Iterator[bytes] = b"{}", **headers: str) -> int:
        """Send a request as Telegram does, and return the status of the answer."""
        return requests.post(
            self.url, body, headers=SECRET | headers, timeout=PATIENCE_S
        ).status_code


@pytest.fixture
def sandbox() -> Sandbox:
    """Create a sandbox without users, which soon sends an update again."""
    sandbox = Sandbox(TOKEN)
    sandbox.webhook_retry_seconds = 0.01
    return sandbox


@contextmanager
def serving(sandbox: Sandbox, **settings: Any) -> Iterator[Bot]:
    """Run a webhook during the block."""
    with running(sandbox) as url, reserved_port() as port:
        bot = Bot(url, port, **settings)
        bot.start()
        try:
            wait_for(lambda: sandbox.state.webhook or bot.ended)
            yield bot
        finally:
            bot.stop()


@pytest.fixture
def bot(sandbox: Sandbox) -> Iterator[Bot]:
    """Run a webhook over plain HTTP."""
    with serving(sandbox) as bot:
        yield bot


@pytest.fixture
def records() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return a function that returns the log records of the test."""
    stream = io.StringIO()
    logs.configure("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.configure("warning", io.StringIO())


def test_updates(bot: Bot, sandbox: Sandbox) -> None:
    """Updates of one chat come in order, each once, and none is left; the loop turns."""
    assert sandbox.state.webhook is not None
    assert sandbox.state.webhook.max_connections == 40
    assert sandbox.state.updates.allowed == sorted(ALLOWED_UPDATES)
    sent = [sandbox.user().send_text(str(number)) for number in range(10)]
    wait_for(lambda: sandbox.pending_updates() == 0)
    assert bot.received == sent
    assert bot.turns > 0


def test_an_outage(bot: Bot, sandbox: Sandbox, records: Callable[[], list[dict[str, Any]]]) -> None:
    """During an outage Telegram is answered 503, and sends the update again until it is handled."""
    errors = [redis.ConnectionError("away"), redis.ResponseError("MISCONF"), OSError("away")]

    def fail(_: Request) -> None:
        if errors:
            raise errors.pop()

    bot.on_receive = fail
    first, second = sandbox.user().send_text("a"), sandbox.user().send_text("b")
    wait_for(lambda: sandbox.pending_updates() == 0)
    assert bot.received == [first, second]
    assert [call.status for call in sandbox.calls if call.method == "webhook"] == [503] * 3 + [
        200
    ] * 2
    assert [record["event"] for record in records()] == ["out of reach"] * 3


def test_an_answer_that_is_lost(bot: Bot, sandbox: Sandbox) -> None:
    """An update that Telegram sends again, as it missed the answer, is handled once."""
    sandbox.faults = Faults(drop_after=1, methods={"webhook"})
    first = sandbox.user().send_text("/help")
    wait_for(lambda: [call.status for call in sandbox.calls].count(200) > 3)
    sandbox.faults = Faults()
    second = sandbox.user().send_text("/help")
    wait_for(lambda: sandbox.pending_updates() == 0)
    assert bot.received == [first, second]


def test_an_update_that_can_not_be_handled(bot: Bot, sandbox: Sandbox) -> None:
    """An update that can't be read or handled is skipped, and holds up no other."""

    def fail(request: Request) -> None:
        if request.origin.user == 1:
            raise RuntimeError("a fault of ours")

    bot.on_receive = fail
    sandbox.inject({"message": {"nonsense": 1}})
    sandbox.user(1).send_text("a")
    sent = sandbox.user(2).send_text("b")
    wait_for(lambda: sandbox.pending_updates() == 0)
    assert bot.received == [sent]


def test_a_secret_is_needed(bot: Bot) -> None:
    """Without the secret nobody gets in, and it is neither the token nor anything in it."""
    for secret in ("", "wrong", SECRET[SECRET_HEADER][:-1], SECRET[SECRET_HEADER] + "a", "\xe9"):
        assert bot.post(**{SECRET_HEADER: secret}) == 403
    assert requests.post(bot.url, b"{}", timeout=PATIENCE_S).status_code == 403
    assert bot.post() == 200
    assert not set(TOKEN.split(":")) & {SECRET[SECRET_HEADER]}
    assert webhook_secret("1:another") != SECRET[SECRET_HEADER]


def test_only_one_path_and_method(bot: Bot) -> None:
    """There is nothing but the webhook's path, and nothing there but POST."""
    statuses = [
        requests.request(method, url, headers=SECRET, timeout=PATIENCE_S).status_code
        for method, url in [
            ("GET", bot.url),
            ("PUT", bot.url),
            ("POST", bot.url + "/"),
            ("POST", bot.url.replace("/a-path", "/")),
            ("POST", bot.url + "s"),
        ]
    ]
    assert statuses == [405, 405, 404, 404, 404]


def test_what_is_no_update(bot: Bot) -> None:
    """A body that is too large or no JSON is refused, whatever its length claims to be."""
    assert bot.post(b" " * (MAX_BODY - 2) + b"{}") == 200
    assert bot.post(b" " * (MAX_BODY + 1)) == 413
    assert bot.post(iter([b" " * MAX_BODY, b" "])) == 413
    for body in (b"", b"{", b"\xff", b"[" * 100_000):
        assert bot.post(body) == 400
    assert bot.received == []


def test_a_body_without_end(bot: Bot) -> None:
    """No more of a body is read than an update may have."""
    host, _, port = bot.url.split("/")[2].partition(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST /a-path HTTP/1.1\r\nHost: localhost\r\n{SECRET_HEADER}: "
        head += f"{SECRET[SECRET_HEADER]}\r\nContent-Length: {10**12}\r\n\r\n"
        connection.sendall(head.encode() + bytes(MAX_BODY + 1))
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_what_is_no_request(
    bot: Bot, sandbox: Sandbox, records: Callable[[], list[dict[str, Any]]]
) -> None:
    """What strangers send to the port keeps no update from coming, and is not in the log."""
    for sent in (b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9\r\n\r\n", b"a" * 100_000, b""):
        with socket.create_connection(("localhost", bot.settings.webhook_port)) as connection:
            connection.sendall(sent)
    sandbox.user().send_text("a")
    wait_for(lambda: sandbox.pending_updates() == 0)
    assert len(bot.received) == 1
    assert records() == []


def test_a_shutdown_while_updates_are_handled(bot: Bot, sandbox: Sandbox) -> None:
    """A shutdown waits for the updates that are being handled, and takes no more; they wait."""
    begun, may_end = threading.Event(), threading.Event()

    def wait(_: Request) -> None:
        begun.set()
        may_end.wait(PATIENCE_S)

    bot.on_receive = wait
    first = sandbox.user().send_text("a")
    begun.wait(PATIENCE_S)
    sandbox.user().send_text("b")
    bot.shutdown.request()
    wait_for(lambda: not listening(bot.settings.webhook_port))
    assert bot.webhook.unconfirmed
    may_end.set()
    bot.stop()
    assert not bot.webhook.unconfirmed
    assert bot.received == [first]
    wait_for(lambda: sandbox.pending_updates() == 1)
    assert sandbox.state.webhook is not None


@pytest.mark.parametrize("one_file", [True, False])
def test_a_certificate_of_its_own(sandbox: Sandbox, tmp_path: Path, *, one_file: bool) -> None:
    """A self-signed certificate is uploaded to Telegram, which then trusts it; its key never is."""
    certificate = key = self_signed(tmp_path)
    text = certificate.read_bytes()
    if not one_file:
        head, mark, rest = text.partition(b"-----BEGIN PRIVATE KEY-----")
        certificate.write_bytes(head)
        key = tmp_path / "key.pem"
        key.write_bytes(mark + rest)
    given = {"webhook_cert": certificate} | ({} if one_file else {"webhook_key": key})
    with serving(sandbox, **given) as bot:
        sent = sandbox.user().send_text("a")
        wait_for(lambda: sandbox.pending_updates() == 0)
        assert bot.received == [sent]
        assert sandbox.state.webhook is not None
        uploaded = sandbox.state.webhook.certificate or b""
    assert b"PRIVATE" not in uploaded
    assert uploaded.strip() == text.partition(b"-----BEGIN PRIVATE KEY-----")[0].strip()


def test_a_certificate_without_its_key(sandbox: Sandbox, tmp_path: Path) -> None:
    """A certificate that can't be used ends the bot with a line that names the setting."""
    path = self_signed(tmp_path)
    path.write_bytes(path.read_bytes().partition(b"-----BEGIN PRIVATE KEY-----")[0])
    with serving(sandbox, webhook_cert=path) as bot:
        assert isinstance(bot.ended, SettingsError)
        assert "ATTRAI_WEBHOOK_CERT" in str(bot.ended)
    path.write_bytes(b"none")
    with pytest.raises(SettingsError, match="ATTRAI_WEBHOOK_CERT: this is no certificate"):
        Bot("http://localhost", 1, webhook_cert=path)


def test_a_port_in_use(sandbox: Sandbox) -> None:
    """A port that is in use ends the bot with a line that names the setting."""
    with running(sandbox) as url, socket.create_server(("", 0)) as taken:
        bot = Bot(url, taken.getsockname()[1])
        bot.start()
        bot.stop()
    assert isinstance(bot.ended, CannotStart)
    assert "ATTRAI_WEBHOOK_PORT: can't listen" in str(bot.ended)


def test_a_url_that_telegram_refuses(sandbox: Sandbox) -> None:
    """A URL that Telegram refuses ends the bot with a line that says why."""
    with running(sandbox) as url, reserved_port() as port:
        bot = Bot(url, port)
        bot.webhook._url = "http://bot.invalid/"
        bot.webhook._settings = bot.settings.model_copy(update={"webhook_port": 0})
        bot.start()
        wait_for(lambda: bot.ended)
        bot.stop()
    assert "ATTRAI_WEBHOOK_URL: Telegram answers: " in str(bot.ended)
    assert "An HTTPS URL must be provided" in str(bot.ended)


def test_a_webhook_that_is_changed(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    records: Callable[[], list[dict[str, Any]]],
) -> None:
    """A webhook that another program deletes is set again, and the log says so."""
    monkeypatch.setattr(module, "_CHECK_SECONDS", 0.01)
    with serving(sandbox) as bot:
        connect(bot.settings.telegram_api_url).updates.delete_webhook()
        wait_for(lambda: sandbox.state.webhook)
        sent = sandbox.user().send_text("a")
        wait_for(lambda: bot.received == [sent])
    assert [record["event"] for record in records()] == [
        "another program changed this bot's webhook: it is set again"
    ]


def test_why_telegram_does_not_get_through(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    records: Callable[[], list[dict[str, Any]]],
) -> None:
    """The log says once why Telegram could not send an update here."""
    monkeypatch.setattr(module, "_CHECK_SECONDS", 0.01)
    with serving(sandbox) as bot:
        sandbox.faults = Faults(drop_before=1, methods={"webhook"})
        sandbox.user().send_text("a")
        wait_for(records)
        sandbox.faults = Faults()
        wait_for(lambda: bot.received)
        assert records()[0]["event"] == "Telegram could not send an update here"
        assert records()[0]["reason"] == "Connection reset by peer"
