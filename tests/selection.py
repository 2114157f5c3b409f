"""Which marks a test bears, and in which order and where tests run when several run at once.

Marks say what a test needs, so that `make check` leaves out what takes long to start. Those that
a fixture tells are set here, and nobody has to think of them.
"""

from __future__ import annotations

import pytest

#: What a test needs that asks for one of these fixtures.
_MARKS = {"browser": "browser", "rabbit_server": "servers", "redis_server": "servers"}
#: What takes so long to start, or to import, that all tests of a module share one.
_SHARED = {"browser", "facenet_pytorch", "library", "product"}
#: What takes long begins early: at the end all workers are busy then, with short tests.
_ORDER = ("engine", "slow", "training", "servers", "browser")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by their fixtures, groups those that share one, and puts the long ones first."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for fixture in fixtures & _MARKS.keys():
            item.add_marker(_MARKS[fixture])
        if fixtures & _SHARED:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next(
        (place for place, mark in enumerate(_ORDER) if item.get_closest_marker(mark)), len(_ORDER)
    )
