"""Helpers for tests that start attrai's programs."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import ROOT


def unmeasured() -> dict[str, str]:
    """Return this process's environment, without coverage measurement in child processes."""
    return {key: value for key, value in os.environ.items() if "COVERAGE" not in key}


def run_bench(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a benchmark to its end, without coverage, which would take a quarter of its time."""
    return subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *arguments],
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
