"""Programs of ours that tests start."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import ROOT


def run_bench(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a benchmark until it ends.

    Its many processes are not measured by coverage, which would take a quarter of their time.
    """
    environment = {key: value for key, value in os.environ.items() if "COVERAGE" not in key}
    return subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
