"""The embedded bot leaves no photos when it is killed, and survives losing its temp folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from telegram_sandbox import Message, Sandbox, running
from testing.waiting import wait_for
from tests.bot.conftest import WAIT, Program, files_left
from tests.conftest import ASTRONAUT


def fetched(sandbox: Sandbox) -> int:
    """Return how many photos the bot has fetched."""
    return sum(call.method == "file" for call in sandbox.calls)


def pictures(messages: list[Message]) -> int:
    """Return how many pictures the bot has sent."""
    return sum(message.sender == "bot" and message.photo is not None for message in messages)


@pytest.mark.slow
def test_nothing_is_left_by_a_kill_and_cleaning_up_is_no_harm(tmp_path: Path) -> None:
    """A bot killed while processing leaves no files, and one without its folder still answers."""
    sandbox, photo = Sandbox(), ASTRONAUT.read_bytes()
    person = sandbox.user()
    with running(sandbox) as url:
        environment = {
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
            "ATTRAI_TELEGRAM_API_URL": url,
            "TMPDIR": str(tmp_path),
        }
        for _ in range(6):
            person.send_photo(photo)
        with Program("bot", "--embedded", environment=environment) as killed:
            wait_for(lambda: fetched(sandbox) > 0, "no photo was fetched")
            killed.process.kill()
            killed.wait()
        assert files_left(tmp_path) == []
        with Program("bot", "--embedded", environment=environment):
            person.send_photo(photo)
            before = pictures(sandbox.wait_for(person.id, lambda seen: pictures(seen) > 0, WAIT))
            assert files_left(tmp_path) == []
            shutil.rmtree(tmp_path)
            person.send_photo(photo)
            sandbox.wait_for(person.id, lambda seen: pictures(seen) > before, WAIT)
