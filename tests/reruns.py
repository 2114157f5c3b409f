"""Which tests may be run once more when they fail: those of what other programs do.

The end of a run shows each with the traceback of its first failure, by --rerun-show-tracebacks.
"""

from __future__ import annotations

import pytest

_MARKS = {"servers", "browser", "engine"}


@pytest.hookimpl(trylast=True)  # when all marks are set
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Allow one rerun to tests of a server, a browser or an engine, and to nothing else."""
    for item in items:
        if item.get_closest_marker("flaky"):
            raise pytest.UsageError(f"{item.nodeid}: what may run again is said in {__name__}")
        if any(map(item.get_closest_marker, _MARKS)):
            item.add_marker(pytest.mark.flaky(reruns=1))
