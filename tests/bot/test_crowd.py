"""A short run of the crowd: whatever fails, every photo has its one answer and nothing is left."""

from __future__ import annotations

import pytest

from testing.servers.fixtures import require
from tests.programs import run_bench


@pytest.mark.slow
@pytest.mark.parametrize("mode", [pytest.param("servers", marks=pytest.mark.servers), "embedded"])
def test_crowd(mode: str) -> None:
    """60 photos of 12 people while calls fail, the bot is restarted and a person blocks it."""
    arguments = ["--photos", "60", "--people", "12"]
    if mode == "embedded":
        arguments.append("--embedded")
    else:
        require("rabbitmq-server")
        require("redis-server")
    run = run_bench("crowd", *arguments)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
