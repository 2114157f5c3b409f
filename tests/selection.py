"""What a test needs, and when and beside which others it runs."""

from __future__ import annotations

import pytest

#: What a test needs that asks for one of these fixtures.
_MARKS = {"browser": "browser", "rabbit_server": "servers", "redis_server": "servers"}
#: What takes long begins first, so that short tests are left for whoever is done early.
_ORDER = ("engine", "slow", "training", "servers", "browser")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their fixtures, and arrange them for several processes."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        for mark in {_MARKS[fixture] for fixture in fixtures if fixture in _MARKS}:
            item.add_marker(mark)
        if isinstance(item, pytest.Function) and _shares(item):
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{_place(item)}"))
    items.sort(key=_place)


def _shares(item: pytest.Function) -> bool:
    """Whether a test uses what its module starts once: one process then runs all such tests."""
    found = item._fixtureinfo.name2fixturedefs.values()
    return any(fixture.scope == "module" for fixtures in found for fixture in fixtures)


def _place(item: pytest.Item) -> int:
    marks = map(item.get_closest_marker, _ORDER)
    return next((place for place, mark in enumerate(marks) if mark), len(_ORDER))
