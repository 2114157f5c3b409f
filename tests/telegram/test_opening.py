"""`open_telegram`: a client from the settings, or a clear error."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator

import pytest

from attrai import logs
from attrai.errors import SettingsError, TryLater
from attrai.processes.embedded import embedded_redis
from attrai.settings import Settings
from attrai.telegram import Pseudonyms, Rejected, open_pseudonyms, open_telegram
from telegram_sandbox import Sandbox
from testing.servers.server import reserved_port
from tests.telegram.served import TOKEN, answering, body


def test_a_token_is_tried(url: str, sandbox: Sandbox) -> None:
    """The token is verified at once, and a trailing slash in the URL is accepted."""
    settings = Settings(telegram_token=TOKEN, telegram_api_url=url + "/")
    assert open_telegram(settings, embedded_redis()).me().username == sandbox.state.bot["username"]


def test_a_token_that_is_refused(url: str) -> None:
    """A refused token raises an error that names the setting, but neither token nor password."""
    address = url.replace("://", "://user:opensesame@")
    refused = "1:another"
    settings = Settings(telegram_token=refused, telegram_api_url=address)
    with pytest.raises(SettingsError, match=r"ATTRAI_TELEGRAM_TOKEN: .* refuses") as raised:
        open_telegram(settings, embedded_redis())
    assert refused not in str(raised.value)
    assert "opensesame" not in str(raised.value)


@pytest.mark.parametrize(
    "token",
    ["none", "1:a b", "with space:a", "1:", ":a", "1:\u0430", "“1:a”", "bot1:a", "1:a\n2:b"],
)
def test_what_is_no_token(url: str, sandbox: Sandbox, token: str) -> None:
    """What can't be a token is refused without asking Telegram, and is not shown."""
    settings = Settings(telegram_token=token, telegram_api_url=url)
    with pytest.raises(SettingsError, match="ATTRAI_TELEGRAM_TOKEN: this is no token") as raised:
        open_telegram(settings, embedded_redis())
    assert token not in str(raised.value)
    assert sandbox.calls == []


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Return the stream that the log is written to."""
    stream = io.StringIO()
    logs.configure("warning", stream)
    yield stream
    logs.configure("warning", io.StringIO())


@pytest.mark.parametrize(
    ("code", "description", "raised"),
    [
        (400, "Logged out", TryLater),
        (403, "Forbidden: user is deactivated", Rejected),
    ],
)
def test_a_bot_that_is_refused_for_now(
    logged: io.StringIO, code: int, description: str, raised: type[Exception]
) -> None:
    """A bot that was logged out or is forbidden starts with a line in the log, and goes on."""
    error = {"ok": False, "error_code": code, "description": description}
    answer = body(json.dumps(error).encode(), f"{code} Error")
    with answering(answer, answer) as url:
        settings = Settings(telegram_token=TOKEN, telegram_api_url=url)
        telegram = open_telegram(settings, embedded_redis())
        with pytest.raises(raised):
            telegram.me()
    assert description in logged.getvalue()
    assert len(logged.getvalue().splitlines()) == 1


@pytest.mark.parametrize("variable", ["ALL_PROXY", "https_proxy"])
@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("socks5://user:opensesame@127.0.0.1:1080", "pip install 'attrai[socks]'"),
        ("socks5h://127.0.0.1", "pip install 'attrai[socks]'"),
        ("socks4://127.0.0.1", "pip install 'attrai[socks]'"),
        ("socks://127.0.0.1", "begins with one of http://"),
        ("ftp://127.0.0.1", "begins with one of http://"),
        ("http://user:opensesame[@127.0.0.1", "no URL of a proxy"),
        ("127.0.0.1:port", "no URL of a proxy"),
    ],
)
def test_a_proxy_that_can_not_be_used(
    monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str, said: str
) -> None:
    """A proxy that can't be used is named by its variable, with the package that it needs."""
    monkeypatch.setenv(variable, proxy)
    monkeypatch.setitem(sys.modules, "socks", None)  # PySocks is not installed
    with pytest.raises(SettingsError, match=rf"^{variable}: .*{re.escape(said)}") as raised:
        open_telegram(Settings(telegram_token=TOKEN), embedded_redis())
    assert "opensesame" not in str(raised.value)


@pytest.mark.parametrize(
    "variables",
    [
        {"ALL_PROXY": "socks5://127.0.0.1", "NO_PROXY": "127.0.0.1"},
        {"https_proxy": "socks5://127.0.0.1"},
    ],
)
def test_a_proxy_for_others(
    url: str, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """A proxy that is not used for this server need not be usable."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "socks", None)
    open_telegram(Settings(telegram_token=TOKEN, telegram_api_url=url), embedded_redis()).me()


def test_no_token() -> None:
    """A missing token raises SettingsError."""
    for open_one in (open_pseudonyms, lambda s: open_telegram(s, embedded_redis())):
        with pytest.raises(SettingsError, match="ATTRAI_TELEGRAM_TOKEN is not set"):
            open_one(Settings(telegram_token=None))


def test_telegram_out_of_reach(logged: io.StringIO) -> None:
    """An unreachable server is logged and does not prevent the start."""
    with reserved_port() as port:
        url = f"http://127.0.0.1:{port}"
        open_telegram(Settings(telegram_token=TOKEN, telegram_api_url=url), embedded_redis())
    assert "can't be reached yet" in logged.getvalue()
    assert TOKEN not in logged.getvalue()


def test_pseudonyms() -> None:
    """Pseudonyms are stable per token, differ between tokens, and do not contain the id."""
    names = [Pseudonyms(TOKEN), Pseudonyms(TOKEN), Pseudonyms("1:another")]
    for of in (Pseudonyms.user, Pseudonyms.chat):
        first, again, another = (of(name, 123456789) for name in names)
        assert first == again != another
        assert "123456789" not in first
    first, again, another = (name.job(123456789, 1) for name in names)
    assert first == again != another
    assert len({names[0].job(chat, message) for chat in (1, -1, 11) for message in (1, 2, 11)}) == 9
