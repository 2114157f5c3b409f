"""The whole bot by webhook, embedded and over the queues."""

from __future__ import annotations

from pathlib import Path

import pytest

from telegram_sandbox import Sandbox, running
from testing.certificates import self_signed
from testing.servers.server import reserved_port
from tests.bot.conftest import WAIT, Program
from tests.bot.test_conversation import PHOTO, answers

pytestmark = pytest.mark.slow


def test_embedded(tmp_path: Path) -> None:
    """An embedded bot with a certificate of its own answers photos and commands by webhook.

    A bot that polls comes after it, and deletes the webhook.
    """
    sandbox = Sandbox()
    ann = sandbox.user()
    certificate = self_signed(tmp_path)
    with running(sandbox) as url, reserved_port() as port:
        polling = {"ATTRAI_TELEGRAM_TOKEN": sandbox.token, "ATTRAI_TELEGRAM_API_URL": url}
        environment = polling | {
            "ATTRAI_WEBHOOK_URL": f"https://localhost:{port}/here",
            "ATTRAI_WEBHOOK_PORT": str(port),
            "ATTRAI_WEBHOOK_CERT": str(certificate),
        }
        with Program("bot", "--embedded", environment=environment) as bot:
            asked = [ann.send_text("/help"), ann.send_photo(PHOTO)]
            for message in asked:
                sandbox.wait_for(1, lambda found, to=message: bool(answers(found, to)), WAIT)
        assert bot.process.returncode == 128 + 15
        waiting = ann.send_photo(PHOTO)
        with Program("bot", "--embedded", environment=polling):
            sandbox.wait_for(1, lambda found: bool(answers(found, waiting)), WAIT)
        assert sandbox.state.webhook is None
    assert all(len(answers(sandbox.messages(1), to)) == 1 for to in [*asked, waiting])
