"""Tests of augmentation and of views."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from attrai.inference import Images
from attrai_training.augmentation import augmented
from attrai_training.views import MARGIN, SIDE, Views, plain_crops
from tests.training.teachers import WHOLE

FACES, ROUNDS = 6, 20


@pytest.fixture(scope="module")
def views() -> Views:
    """Views of faces that are noise, in two groups."""
    faces = np.random.default_rng(0).integers(0, 256, (FACES, WHOLE, WHOLE, 3), np.uint8)
    return Views.of(faces, np.arange(FACES) % 2, ROUNDS, seed=1)


def drawn(views: Views, *indices: int, side: int = SIDE) -> Images:
    with ThreadPoolExecutor(2) as pool:
        return views.draw(indices, side, pool)


def test_a_view_follows_from_its_number(views: Views) -> None:
    """Views are the same whenever they are drawn, and differ from one another."""
    first, other, small = drawn(views, 0, FACES), drawn(views, FACES, 0), drawn(views, 0, side=32)
    np.testing.assert_array_equal(first, other[::-1])
    assert views.first[0] == views.first[FACES]
    assert np.abs(first[0].astype(int) - first[1]).mean() > 10
    assert first.shape == (2, SIDE, SIDE, 3)
    assert small.shape == (1, 32, 32, 3)


def test_only_faces_of_a_group_are_blended(views: Views) -> None:
    """Each face has as many views; in some another of its group is blended, and in most none."""
    np.testing.assert_array_equal(np.bincount(views.first), ROUNDS)
    np.testing.assert_array_equal(views.first % 2, views.second % 2)
    blends = views.first != views.second
    assert len(views) / 5 < blends.sum() < len(views) / 2
    assert (views.share[views.share < 1] < 0.71).all()
    assert (views.share[blends] < 1).all()


def test_a_blend_is_what_its_share_says() -> None:
    """A blend of a dark face and a light one is as light as the blend of its values."""
    faces = np.zeros((2, WHOLE, WHOLE, 3), np.uint8)
    faces[1] = 200
    views = Views.of(faces, np.zeros(2, int), ROUNDS, seed=1)
    wanted = views.blended(np.array([[0.0, 1.0], [200.0, 1.0]]))
    np.testing.assert_allclose(wanted[:, 1], 1)
    assert len(np.unique(wanted[:, 0])) > 5
    middle = drawn(views, *range(len(views)))[:, 40:-40, 40:-40].mean((1, 2, 3))
    # The light changes by a fifth.
    assert np.abs(middle - wanted[:, 0]).max() < 60


def test_joined_sets_keep_their_views(views: Views) -> None:
    """Views of two sets are the first's, then the second's."""
    other = Views.of(views.faces[::-1].copy(), np.zeros(FACES, int), 3, seed=2)
    joined = Views.joined([views, other])
    assert len(joined) == len(views) + len(other)
    for place in (0, 7, len(other) - 1):
        found = drawn(joined, place, len(views) + place)
        np.testing.assert_array_equal(found[:1], drawn(views, place))
        np.testing.assert_array_equal(found[1:], drawn(other, place))


def test_the_plain_view_is_the_crop(views: Views) -> None:
    """It has no surroundings, and is as the scorer gets it."""
    border = round(MARGIN * SIDE)
    np.testing.assert_array_equal(
        plain_crops(views.faces, SIDE), views.faces[:, border:-border, border:-border]
    )
    assert plain_crops(views.faces, 128).shape == (FACES, 128, 128, 3)


def test_augmentation_keeps_the_face_in_its_place() -> None:
    """A face is mirrored half of the time; its upper half stays above, its middle in the middle."""
    image = np.zeros((WHOLE, WHOLE, 3), np.uint8)
    middle = WHOLE // 2
    image[:middle, :middle], image[:middle, middle:] = 120, 240
    mirrored = 0
    for seed in range(40):
        view = augmented(image, SIDE, MARGIN, np.random.default_rng(seed)).mean(2)
        assert view[:50].mean() > view[100:].mean() + 60
        mirrored += view[20:50, :50].mean() > view[20:50, 100:].mean()
    assert 10 < mirrored < 30
