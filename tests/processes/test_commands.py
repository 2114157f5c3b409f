"""Signals at random moments end the commands; `bench.signals` sends many more of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rate", "poller", "evaluate"])
def test_random_moments(name: str) -> None:
    """No signal is swallowed, none shows a traceback or leaves a file."""
    command = [sys.executable, "-m", "bench.signals", name, "--count", "6", "--busy", "0"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "6 signals, 0 swallowed, 0 tracebacks, 0 files left" in run.stdout
