"""A sandbox whose token must not be seen, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attrai.telegram import Telegram
from telegram_sandbox import Sandbox, running
from tests.telegram.served import TOKEN, connect


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox without users."""
    return Sandbox(TOKEN)


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    """Where the sandbox is served."""
    with running(sandbox) as address:
        yield address


@pytest.fixture
def telegram(url: str) -> Telegram:
    """A client of the sandbox."""
    return connect(url)
