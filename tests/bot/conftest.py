"""The whole product against the sandbox: a bot and its stages as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from attrai.contract import STAGES
from attrai.sandbox import Sandbox, running

WAIT = 60


class Program:
    """A process of ours, until the end of the block."""

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
        # Read all the time, or a full pipe would stop it.
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.output.extend(lines)

    def wait(self) -> int:
        """Its exit status, once it ends by itself."""
        status = self.process.wait(WAIT)
        self._reader.join(WAIT)
        return status

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.wait()


class Product:
    """A bot that answers in a sandbox."""

    def __init__(self, sandbox: Sandbox, url: str, bot: Program, volume: Path) -> None:
        self.sandbox, self.url, self.bot, self.volume = sandbox, url, bot, volume


@pytest.fixture(
    params=["embedded", pytest.param("servers", marks=[pytest.mark.servers, pytest.mark.slow])]
)
def product(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Product]:
    """The product embedded in one process, and over RabbitMQ and Redis."""
    sandbox = Sandbox()
    volume = tmp_path / "photos"
    volume.mkdir()
    with ExitStack() as stack:
        url = stack.enter_context(running(sandbox))
        environment = {
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
            "ATTRAI_TELEGRAM_API_URL": url,
            "ATTRAI_PHOTOS_URL": f"file://{volume}",
            "TMPDIR": str(tmp_path),
        }
        arguments = ["bot", "--embedded"]
        if request.param == "servers":
            environment["ATTRAI_BROKER_URL"] = request.getfixturevalue("amqp_url")
            environment["ATTRAI_REDIS_URL"] = request.getfixturevalue("redis_url")
            arguments = ["bot"]
            for stage in STAGES:
                stack.enter_context(Program("worker", stage, environment=environment))
        bot = stack.enter_context(Program(*arguments, environment=environment))
        yield Product(sandbox, url, bot, volume)
    left = [*volume.rglob("*"), *tmp_path.glob("attrai-*/*/*")]
    assert [path for path in left if path.is_file()] == []
