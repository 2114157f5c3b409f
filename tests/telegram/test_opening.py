"""Opening: a client from the settings, and a clear line where there can be none."""

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
    """The token is tried at once, and a slash at the address' end is none too many."""
    settings = Settings(telegram_token=TOKEN, telegram_api_url=url + "/")
    assert open_telegram(settings, embedded_redis()).me().username == sandbox.state.bot["username"]


@pytest.mark.parametrize("token", ["1:another", "none", "with space:a"])
def test_a_token_that_is_refused(url: str, token: str) -> None:
    """A token that Telegram refuses ends in a line that names the setting, not the token."""
    settings = Settings(telegram_token=token, telegram_api_url=url)
    with pytest.raises(SettingsError, match=r"ATTRAI_TELEGRAM_TOKEN: .* refuses") as raised:
        open_telegram(settings, embedded_redis())
    assert token not in str(raised.value)


def test_no_token() -> None:
    """Without a token a line says who gives one."""
    for open_one in (open_pseudonyms, lambda s: open_telegram(s, embedded_redis())):
        with pytest.raises(SettingsError, match="ATTRAI_TELEGRAM_TOKEN is not set"):
            open_one(Settings(telegram_token=None))


def test_telegram_out_of_reach() -> None:
    """A server that can't be reached yet keeps nobody from starting."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    stream = io.StringIO()
    logs.configure("warning", stream)
    open_telegram(Settings(telegram_token=TOKEN, telegram_api_url=url), embedded_redis())
    logs.configure("warning", io.StringIO())
    assert "can't be reached yet" in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_pseudonyms() -> None:
    """The same number has the same name with one token, another with another, never its own."""
    names = [Pseudonyms(TOKEN), Pseudonyms(TOKEN), Pseudonyms("1:another")]
    for of in (Pseudonyms.user, Pseudonyms.chat):
        first, again, another = (of(name, 123456789) for name in names)
        assert first == again != another
        assert "123456789" not in first
    first, again, another = (name.job(123456789, 1) for name in names)
    assert first == again != another
    assert len({names[0].job(chat, message) for chat in (1, -1, 11) for message in (1, 2, 11)}) == 9
