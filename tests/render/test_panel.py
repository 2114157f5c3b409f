"""Layout of the ranking's panel."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai.render.ranking import layout_panel

SIDES = st.integers(8, 1280)


@given(SIDES, SIDES, st.integers(1, 50))
def test_rows_and_photo_lie_side_by_side(width: int, height: int, count: int) -> None:
    """No row leaves the picture or overlaps the photo or another row."""
    panel = layout_panel(width, height, count)
    boxes = [(*panel.photo, width, height)]
    boxes += [(*panel.row(i), panel.column_width, panel.row_height) for i in range(count)]
    for x, y, across, down in boxes:
        assert 0 <= x <= panel.width - across
        assert 0 <= y <= panel.height - down
    for one, other in itertools.combinations(boxes, 2):
        assert (
            one[0] + one[2] <= other[0]
            or other[0] + other[2] <= one[0]
            or one[1] + one[3] <= other[1]
            or other[1] + other[3] <= one[1]
        )


@pytest.mark.parametrize("count", [1, 3, 8, 20, 50])
def test_a_landscape_has_its_panel_below(count: int) -> None:
    """A panel below keeps the picture as wide as the photo."""
    panel = layout_panel(1280, 960, count)
    assert panel.width == 1280
    assert panel.height <= 960 * 1.46


def test_a_portrait_with_many_faces_has_its_panel_to_the_right() -> None:
    """A panel to the right keeps the picture as high as the photo."""
    panel = layout_panel(960, 1280, 20)
    assert panel.height == 1280
    assert panel.width <= 960 * 1.46


@pytest.mark.parametrize("count", [1, 10, 50])
def test_rows_stay_legible_beside_a_small_photo(count: int) -> None:
    """Beside a tiny photo the panel is larger than the photo rather than illegible."""
    panel = layout_panel(64, 64, count)
    assert panel.row_height >= 30
    assert max(panel.width, panel.height) < 1000
