"""The embedded bot leaves no photos when it is killed, and survives losing its temp folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from telegram_sandbox import Sandbox, User, running
from testing.waiting import wait_for
from tests.bot.conftest import WAIT, Program, files_left
from tests.conftest import ASTRONAUT


def fetched(sandbox: Sandbox) -> int:
    """Return how many photos the bot has fetched."""
    return sum(call.method == "file" for call in sandbox.calls)


def wait_for_picture(sandbox: Sandbox, person: User) -> None:
    """Have a person send a photo, and wait for the picture that answers it."""
    sent = person.send_photo(ASTRONAUT.read_bytes())
    sandbox.wait_for(
        person.id, lambda seen: any(m.photo and m.reply_to == sent for m in seen), WAIT
    )


@pytest.mark.slow
def test_nothing_is_left_by_a_kill_and_cleaning_up_is_no_harm(tmp_path: Path) -> None:
    """A bot killed while processing leaves no files, and one without its folder still answers."""
    sandbox = Sandbox()
    folder = tmp_path / "temporary"
    folder.mkdir()
    with running(sandbox) as url:
        environment = {
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
            "ATTRAI_TELEGRAM_API_URL": url,
            "TMPDIR": str(folder),
        }
        for _ in range(6):
            sandbox.user(1).send_photo(ASTRONAUT.read_bytes())
        with Program("bot", "--embedded", environment=environment) as killed:
            wait_for(lambda: fetched(sandbox) > 0, "no photo was fetched")
            killed.process.kill()
            killed.wait()
        assert files_left(folder) == []
        with Program("bot", "--embedded", environment=environment):
            wait_for_picture(sandbox, sandbox.user(2))
            assert files_left(folder) == []
            # At once, as the bot may write a heartbeat while one file after another is deleted.
            shutil.rmtree(folder.rename(tmp_path / "deleted"), ignore_errors=True)
            wait_for_picture(sandbox, sandbox.user(3))
        assert not folder.exists()
