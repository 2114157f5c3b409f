"""Fixtures: a sandbox, and the whole product that runs against one, as separate processes."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import pytest

from attrai.job import STAGES
from telegram_sandbox import Sandbox, User, running
from testing.waiting import PATIENCE_S
from tests.telegram.served import TOKEN

WAIT = PATIENCE_S
#: The operator's user id.
ADMIN = 4_711_000_147_110  # which occurs nowhere by chance


@pytest.fixture
def sandbox() -> Sandbox:
    """Create a sandbox without users."""
    return Sandbox(TOKEN)


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    """Serve the sandbox."""
    with running(sandbox) as url:
        yield url


class Program:
    """A process of `python -m attrai`, terminated at the end of the block."""

    def __init__(self, *arguments: str, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-m", "attrai", *arguments]
        self._environment = os.environ | dict(environment)
        self.output: list[str] = []

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # Keep reading, or a full pipe would block the process.
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.output.extend(lines)

    def wait(self) -> int:
        """Wait for the process to exit, and return its status."""
        status = self.process.wait(WAIT)
        self._reader.join(WAIT)
        return status

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.wait()
        finally:
            self.process.kill()


def files_left(folder: Path) -> list[Path]:
    """Return the files in a folder and its subfolders, except heartbeat files, which are empty."""
    # Not `rglob`, which fails if a folder is deleted meanwhile.
    found = (Path(path, name) for path, _, names in os.walk(folder) for name in names)
    return [path for path in found if not path.parent.name.startswith("attrai-health")]


class Product:
    """A bot that runs against a sandbox. Each test creates users of its own."""

    def __init__(self, sandbox: Sandbox, url: str, bot: Program) -> None:
        self.sandbox, self.url, self.bot = sandbox, url, bot
        self._numbers = itertools.count(1)

    def person(self, language: str = "en") -> User:
        """Create a new user."""
        return self.sandbox.user(next(self._numbers), language)


# Both modes start several processes that load networks, so they start once per module.
@pytest.fixture(
    scope="module",
    params=["embedded", pytest.param("servers", marks=pytest.mark.servers)],
)
def product(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    """Run the product embedded in one process, and with RabbitMQ and Redis."""
    with running_product(request, tmp_path_factory.mktemp("product")) as product:
        yield product


@contextmanager
def running_product(
    request: pytest.FixtureRequest, folder: Path, **settings: str
) -> Iterator[Product]:
    """Run the product in the mode that is the request's parameter, with more variables."""
    sandbox, volume = Sandbox(), folder / "photos"
    volume.mkdir()
    with ExitStack() as stack:
        url = stack.enter_context(running(sandbox))
        environment = {
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
            "ATTRAI_TELEGRAM_API_URL": url,
            "ATTRAI_PHOTOS_URL": f"file://{volume}",
            "ATTRAI_ADMINS": str(ADMIN),
            "TMPDIR": str(folder),
            **settings,
        }
        arguments = ["bot", "--embedded"]
        if request.param == "servers":
            for server in ("rabbit", "redis"):
                running_server = request.getfixturevalue(f"{server}_server")
                running_server.start()
                running_server.clear()
                variable = "BROKER" if server == "rabbit" else "REDIS"
                environment[f"ATTRAI_{variable}_URL"] = running_server.url
            arguments = ["bot"]
            for stage in STAGES:
                stack.enter_context(Program("worker", stage, environment=environment))
        bot = stack.enter_context(Program(*arguments, environment=environment))
        yield Product(sandbox, url, bot)
    assert files_left(folder) == []
    assert not any(str(ADMIN) in line for line in bot.output)
