"""A short run of `bench.crowd`: despite faults, every photo gets its answer."""

from __future__ import annotations

import pytest

from testing.servers.fixtures import require
from tests.programs import run_bench


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a busy machine needs so long
@pytest.mark.parametrize("mode", [pytest.param("servers", marks=pytest.mark.servers), "embedded"])
def test_crowd(mode: str) -> None:
    """40 photos of 8 users are answered despite failing calls, a bot restart and a block."""
    arguments = ["--photos", "40", "--people", "8"]
    if mode == "embedded":
        arguments.append("--embedded")
    else:
        require("rabbitmq-server")
        require("redis-server")
    run = run_bench("crowd", *arguments)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
