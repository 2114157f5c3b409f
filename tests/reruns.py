"""A pytest plugin that reruns failed tests once if they depend on other programs.

--rerun-show-tracebacks lists each rerun at the end, with the traceback of its first failure.
"""

from __future__ import annotations

import pytest

_MARKS = {"servers", "browser", "engine"}


@pytest.hookimpl(trylast=True)  # after all marks are set
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Allow one rerun of tests that need a server, a browser or an engine, and of no others."""
    for item in items:
        if item.get_closest_marker("flaky"):
            raise pytest.UsageError(f"{item.nodeid}: what may run again is said in {__name__}")
        if any(map(item.get_closest_marker, _MARKS)):
            item.add_marker(pytest.mark.flaky(reruns=1))
