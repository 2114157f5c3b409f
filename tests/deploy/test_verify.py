"""The stack's acceptance test, if a Docker engine is running or can be started."""

from __future__ import annotations

import subprocess

import pytest

from tests.deploy.stacks import SWARM

_SKIPPED = 77


@pytest.mark.engine
@pytest.mark.timeout(1800)
def test_verify() -> None:
    """60 photos are answered while the deployed stack is scaled, updated and killed."""
    done = subprocess.run(
        [SWARM / "verify"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    print(done.stdout)
    if done.returncode == _SKIPPED:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
