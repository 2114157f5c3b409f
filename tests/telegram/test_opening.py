"""`open_telegram`: a client from the settings, or a clear error."""

from __future__ import annotations

import io
import socket

import pytest

from attrai import logs
from attrai.errors import SettingsError
from attrai.processes.embedded import embedded_redis
from attrai.settings import Settings
from attrai.telegram import Pseudonyms, open_pseudonyms, open_telegram
from telegram_sandbox import Sandbox
from tests.telegram.served import TOKEN


def test_a_token_is_tried(url: str, sandbox: Sandbox) -> None:
    """The token is verified at once, and a trailing slash in the URL is accepted."""
    settings = Settings(telegram_token=TOKEN, telegram_api_url=url + "/")
    assert open_telegram(settings, embedded_redis()).me().username == sandbox.state.bot["username"]


@pytest.mark.parametrize("token", ["1:another", "none", "with space:a"])
def test_a_token_that_is_refused(url: str, token: str) -> None:
    """A refused token raises an error that names the setting, but not the token."""
    settings = Settings(telegram_token=token, telegram_api_url=url)
    with pytest.raises(SettingsError, match=r"ATTRAI_TELEGRAM_TOKEN: .* refuses") as raised:
        open_telegram(settings, embedded_redis())
    assert token not in str(raised.value)


def test_no_token() -> None:
    """A missing token raises SettingsError."""
    for open_one in (open_pseudonyms, lambda s: open_telegram(s, embedded_redis())):
        with pytest.raises(SettingsError, match="ATTRAI_TELEGRAM_TOKEN is not set"):
            open_one(Settings(telegram_token=None))


def test_telegram_out_of_reach() -> None:
    """An unreachable server is logged and does not prevent the start."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    stream = io.StringIO()
    logs.configure("warning", stream)
    open_telegram(Settings(telegram_token=TOKEN, telegram_api_url=url), embedded_redis())
    logs.configure("warning", io.StringIO())
    assert "can't be reached yet" in stream.getvalue()
    assert TOKEN not in stream.getvalue()


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
