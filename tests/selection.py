"""A pytest plugin that marks tests by their fixtures and runs long tests first."""

from __future__ import annotations

import pytest

#: The mark of a test that uses one of these fixtures.
_MARKS = {"browser": "browser", "rabbit_server": "servers", "redis_server": "servers"}
#: Marks of long tests, which start first, so that short tests remain for idle processes.
_ORDER = ("engine", "slow", "training", "servers", "browser")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their fixtures and folder, and put the long ones first."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        for mark in {_MARKS[fixture] for fixture in fixtures if fixture in _MARKS}:
            item.add_marker(mark)
        if "training" in item.path.parts:
            item.add_marker("training")
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    marks = map(item.get_closest_marker, _ORDER)
    return next((place for place, mark in enumerate(marks) if mark), len(_ORDER))
