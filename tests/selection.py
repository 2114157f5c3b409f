"""What a test needs, and when it runs."""

from __future__ import annotations

import pytest

#: What a test needs that asks for one of these fixtures.
_MARKS = {"browser": "browser", "rabbit_server": "servers", "redis_server": "servers"}
#: What takes long begins first, so that short tests are left for whoever is done early.
_ORDER = ("engine", "slow", "training", "servers", "browser")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their fixtures, and put the long ones first."""
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
