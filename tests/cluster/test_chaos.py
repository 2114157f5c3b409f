"""A short chaos run: whatever fails, every job is answered and no files are left."""

from __future__ import annotations

import os

import pytest

from testing.servers.fixtures import require
from tests.programs import run_bench


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a volume that can be filled")
@pytest.mark.parametrize("how", [(), ("--http",)], ids=["queues", "http"])
def test_chaos(how: tuple[str, ...]) -> None:
    """All of 60 jobs are answered while workers, RabbitMQ, Redis, Graylog and the disk fail.

    So are photos that come over HTTP, whose server fails as well.
    """
    require("rabbitmq-server")
    require("redis-server")
    run = run_bench("chaos", "--jobs", "60", *how)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "60 answered, 0 lost" in run.stdout.splitlines()[-1]
