"""Fixtures: a sandbox whose token must not be revealed, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attrai.telegram import Telegram
from telegram_sandbox import Sandbox, running
from tests.telegram.served import TOKEN, connect


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
