"""Commands end when signalled at random moments. `bench.signals` sends many more signals."""

from __future__ import annotations

import pytest

from tests.programs import run_bench


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a busy machine needs so long
@pytest.mark.parametrize("name", ["rate", "poller", "evaluate"])
def test_random_moments(name: str) -> None:
    """No signal is lost, and none results in a traceback or leaves a file."""
    run = run_bench("signals", name, "--count", "6", "--busy", "0")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "6 signals, 0 swallowed, 0 tracebacks, 0 files left" in run.stdout
