"""The embedded bot is killed, or loses its temporary folder: no photo stays, and it goes on."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from attrai.sandbox import Message, Sandbox, running
from tests.bot.conftest import WAIT, Program
from tests.conftest import ASTRONAUT


def files(folder: Path) -> list[Path]:
    """Return the files in a folder and below it but for the heartbeats, which are empty."""
    return [
        path for path in folder.rglob("*") if path.is_file() and path.parent.name != "attrai-health"
    ]


def fetched(sandbox: Sandbox) -> int:
    """Return how many photos the bot has fetched."""
    return sum(call.method == "file" for call in sandbox.calls)


def pictures(messages: list[Message]) -> int:
    """Return how many pictures the bot has sent."""
    return sum(message.sender == "bot" and message.photo is not None for message in messages)


@pytest.mark.slow
def test_nothing_is_left_by_a_kill_and_cleaning_up_is_no_harm(tmp_path: Path) -> None:
    """Killed with six photos in work it leaves no file; without its folder it still answers."""
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
            deadline = time.monotonic() + WAIT
            while not fetched(sandbox):
                assert time.monotonic() < deadline, killed.output
                time.sleep(0.002)
            killed.process.kill()
            killed.wait()
        assert files(tmp_path) == []
        with Program("bot", "--embedded", environment=environment):
            person.send_photo(photo)
            before = pictures(sandbox.wait_for(person.id, lambda seen: pictures(seen) > 0, WAIT))
            assert files(tmp_path) == []
            shutil.rmtree(tmp_path)
            person.send_photo(photo)
            sandbox.wait_for(person.id, lambda seen: pictures(seen) > before, WAIT)
