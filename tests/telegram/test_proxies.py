"""Telegram is reached through HTTP and SOCKS proxies, whose passwords are never shown."""

from __future__ import annotations

import io
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attrai import logs
from attrai.errors import TryLater
from attrai.processes.embedded import embedded_redis
from attrai.settings import Settings
from attrai.telegram import Destination, open_telegram
from telegram_sandbox import Message, Sandbox, running
from testing.certificates import self_signed
from testing.connections import serving
from testing.proxies import CREDENTIALS, connect_proxy, forward, socks_proxy
from testing.servers.server import HOST
from tests.bot.conftest import WAIT, Program
from tests.bot.test_conversation import PHOTO, answers
from tests.sandbox.conftest import picture
from tests.telegram.served import TOKEN


@contextmanager
def over_tls(url: str, folder: Path) -> Iterator[str]:
    """Serve what is at a URL over TLS, with a certificate in the folder, and return the URL."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(self_signed(folder))
    port = int(url.rpartition(":")[2])

    def serve(connection: socket.socket) -> None:
        with (
            context.wrap_socket(connection, server_side=True) as client,
            socket.create_connection((HOST, port)) as server,
        ):
            forward(client, server)

    with serving(serve) as tls_port:
        yield f"https://localhost:{tls_port}"


def use(sandbox: Sandbox, url: str) -> None:
    """Call the sandbox at a URL, download a photo from it and upload another."""
    telegram = open_telegram(Settings(telegram_token=TOKEN, telegram_api_url=url), embedded_redis())
    photo = picture(width=640, height=480)
    message = sandbox.user().send_photo(photo)
    file = sandbox.messages(1)[0]
    file_id = sandbox.state.messages(1)[0]["photo"][-1]["file_id"]
    assert telegram.download(file_id, 10**6) == file.photo
    telegram.send_photo(Destination(1, message), photo, "rated", turn="a")
    assert sandbox.messages(1)[-1].caption == "rated"


@pytest.mark.parametrize("scheme", ["socks5h", "socks5"])
@pytest.mark.parametrize("variable", ["ALL_PROXY", "http_proxy"])
def test_socks(
    sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str
) -> None:
    """All goes through a SOCKS proxy, which with socks5h:// also looks up Telegram's name."""
    asked: list[str] = []
    with socks_proxy(asked) as port:
        monkeypatch.setenv(variable, f"{scheme}://{CREDENTIALS}@127.0.0.1:{port}")
        use(sandbox, url.replace("127.0.0.1", "localhost"))
    assert set(asked) == {"localhost" if scheme == "socks5h" else "127.0.0.1"}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
def test_connect(
    sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """All goes through an HTTP proxy, which can't read it."""
    asked: list[str] = []
    with over_tls(url, tmp_path) as tls_url, connect_proxy(asked) as port:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
        monkeypatch.setenv(variable, f"http://{CREDENTIALS}@127.0.0.1:{port}")
        use(sandbox, tls_url)
    assert set(asked) == {"localhost"}


@pytest.mark.parametrize("scheme", ["socks5h", "http"])
def test_a_wrong_password(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """A proxy that refuses the password counts as an outage; no log says what it was."""
    stream = io.StringIO()
    logs.configure("debug", stream)
    asked: list[str] = []
    proxy = socks_proxy if scheme == "socks5h" else connect_proxy
    with proxy(asked) as port:
        monkeypatch.setenv("https_proxy", f"{scheme}://user:opensezam@127.0.0.1:{port}")
        telegram = open_telegram(Settings(telegram_token=TOKEN), embedded_redis())
        with pytest.raises(TryLater) as raised:
            telegram.me()
    logs.configure("warning", io.StringIO())
    assert asked == []
    assert "Telegram can't be reached yet" in stream.getvalue()
    assert "opensezam" not in stream.getvalue() + str(raised.value)


@pytest.mark.parametrize("password", ["open%2Fsesame", "open/sesame"])
def test_the_log(password: str) -> None:
    """A record of a library that quotes a proxy's URL does not show its password."""
    program = (
        "import logging; from attrai.processes.startup import configure_logs;"
        "from attrai.settings import Settings; configure_logs(Settings(), 'bot');"
        f"logging.getLogger('any').error('no way through user:{password}@127.0.0.1')"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"https_proxy": f"socks5h://{CREDENTIALS}@127.0.0.1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no way through user:***@127.0.0.1" in run.stdout


@pytest.mark.slow
def test_the_whole_bot(tmp_path: Path) -> None:
    """The bot gets and answers a photo through a proxy, and shows its password in no log."""
    sandbox = Sandbox()
    asked: list[str] = []

    def answered(messages: list[Message]) -> bool:
        return bool(answers(messages, photo))

    with running(sandbox) as url, socks_proxy(asked) as port:
        environment = {
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
            "ATTRAI_TELEGRAM_API_URL": url.replace("127.0.0.1", "localhost"),
            "ATTRAI_LOG_LEVEL": "debug",
            "ALL_PROXY": f"socks5h://{CREDENTIALS}@127.0.0.1:{port}",
            "NO_PROXY": "",
            "TMPDIR": str(tmp_path),
        }
        with Program("bot", "--embedded", environment=environment) as bot:
            photo = sandbox.user().send_photo(PHOTO)
            (answer,) = answers(sandbox.wait_for(1, answered, WAIT), photo)
            assert answer.photo is not None
    assert set(asked) == {"localhost"}
    said = "".join(bot.output)
    assert "answered" in said
    assert "sesame" not in said
