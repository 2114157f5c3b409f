"""Tests of the image pyramid: levels side by side on a mosaic, and crops of any size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from attrai.faces.pyramid import ImagePyramid, draw_mosaic, pyramid_levels


@given(
    width=st.integers(1, 4096), height=st.integers(1, 4096), scale=st.sampled_from([0.1, 0.3, 0.6])
)
def test_levels_lie_side_by_side(width: int, height: int, scale: float) -> None:
    """Levels don't overlap, lie on even pixels, and shrink to a side of about 12 pixels."""
    levels = pyramid_levels(width, height, scale, 12)
    if min(width, height) * scale < 12:
        assert levels == []
        return
    for i, a in enumerate(levels):
        assert all(figure % 2 == 0 for figure in a)
        for b in levels[:i]:
            apart_x = a.x >= b.x + b.width or b.x >= a.x + a.width
            apart_y = a.y >= b.y + b.height or b.y >= a.y + a.height
            assert apart_x or apart_y
    assert min(levels[0][2:]) >= min(width, height) * scale
    assert 12 <= min(levels[-1][2:]) <= 12 / 0.709 + 2


def test_the_sheet_shows_the_photo_at_every_scale(astronaut: Image.Image) -> None:
    """Each level on the mosaic looks like the photo resized with a box filter."""
    photo = np.asarray(astronaut)
    levels = pyramid_levels(astronaut.width, astronaut.height, 0.3, 12)
    mosaic = draw_mosaic(ImagePyramid(photo), levels)
    for x, y, width, height in levels:
        level = mosaic[y : y + height, x : x + width].astype(float)
        expected = np.asarray(astronaut.resize((width, height), Image.Resampling.BOX), float)
        assert np.abs(level - expected).mean() < 5


@pytest.mark.parametrize("size", [(512, 512), (333, 511), (17, 300)])
@pytest.mark.parametrize("window", [(0, 0, 1, 1), (0.1, 0.2, 0.9, 0.8), (0.5, 0.5, 0.6, 0.7)])
def test_crops_are_averages(
    astronaut: Image.Image, size: tuple[int, int], window: tuple[float, float, float, float]
) -> None:
    """A crop of any part of a photo of any size has that part's mean colour."""
    photo = np.asarray(astronaut.resize(size))
    left, top, right, bottom = (
        round(part * side) for part, side in zip(window, size * 2, strict=True)
    )
    crop = np.empty((48, 48, 3), np.uint8)
    ImagePyramid(photo).draw((left, top, right, bottom), crop)
    mean = photo[top:bottom, left:right].mean((0, 1))
    assert np.abs(crop.mean((0, 1)) - mean).max() < 6
