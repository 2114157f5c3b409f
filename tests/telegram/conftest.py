"""Fixtures: a sandbox whose token must not be revealed, a client of it, a channel and a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from attrai.job import Face, Job, Score
from attrai.telegram import Destination, Seal, Telegram, limiter
from attrai.telegram.address import seal_address
from attrai.telegram.channel import TelegramChannel
from telegram_sandbox import Sandbox, running
from tests.sandbox.conftest import picture
from tests.telegram.served import TOKEN, connect

MakeJob = Callable[..., Job]

SEAL = Seal(TOKEN)


@pytest.fixture
def sandbox() -> Sandbox:
    """Create a sandbox without users."""
    return Sandbox(TOKEN)


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    """Serve the sandbox, and return its URL."""
    with running(sandbox) as address:
        yield address


@pytest.fixture
def telegram(url: str) -> Telegram:
    """Create a client of the sandbox."""
    return connect(url)


@pytest.fixture
def channel(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[TelegramChannel]:
    """Create a channel to the sandbox whose rate limit per chat is negligible."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    with running(sandbox) as url:
        yield TelegramChannel(connect(url, patience=0.2), SEAL)


@pytest.fixture
def message(sandbox: Sandbox) -> int:
    """Send a photo as a user, and return the message's id."""
    return sandbox.user().send_photo(picture())


@pytest.fixture
def job(sandbox: Sandbox, message: int, make_job: MakeJob, face: Face) -> Job:
    """Create a job for a photo that a user sent, with one scored face."""
    return make_job(
        channel="telegram",
        address=seal_address(Destination(1, message), SEAL),
        source=SEAL.seal(sandbox.state.messages(1)[0]["photo"][-1]["file_id"]),
        faces=(face,),
        faces_found=1,
        scores=(Score(value=7.24, spread=1.26),),
    )
