"""The whole bot with a Bot API server of one's own that was started with `--local`."""

from __future__ import annotations

from pathlib import Path

import pytest

from telegram_sandbox import Message, Sandbox, running
from tests.bot.conftest import WAIT, Program
from tests.bot.test_conversation import PHOTO, answers

pytestmark = pytest.mark.slow


def test_large_files_and_none_at_all(tmp_path: Path) -> None:
    """A file of 21 MB is rated; where files can't be read the user is told at once."""
    folder = tmp_path / "telegram-bot-api"
    sandbox = Sandbox(local=folder)

    def answer(message: int) -> Message:
        found = sandbox.wait_for(1, lambda found: bool(answers(found, message)), WAIT)
        return answers(found, message)[0]

    with running(sandbox) as url:
        environment = {
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
            "ATTRAI_TELEGRAM_API_URL": url,
            "ATTRAI_MAX_FILE_MB": "50",
        }
        with Program("bot", "--embedded", environment=environment) as bot:
            ann = sandbox.user()
            large = ann.send_document(PHOTO + bytes(21_000_000), "large.jpg", "image/jpeg")
            assert answer(large).photo is not None
            too_large = ann.send_document(PHOTO + bytes(50_000_000), "larger.jpg", "image/jpeg")
            assert "50 MB" in (answer(too_large).text or "")
            sandbox.state.local_folder = tmp_path / "where no bot's files are"
            assert "went wrong on our side" in (answer(ann.send_photo(PHOTO)).text or "")
        assert any("mount its folder here" in line for line in bot.output)
        assert not any(sandbox.token in line for line in bot.output)
