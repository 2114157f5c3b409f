"""Tests of what is to be learnt of all faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from attrai_training.course import Course
from attrai_training.dataset import Collection
from attrai_training.description import Seen
from attrai_training.evaluation import LabelledPhoto
from attrai_training.loop import Pool
from attrai_training.student import Lessons
from attrai_training.targets import Floats
from attrai_training.views import Views
from tests.training.teachers import Light, light_teachers

FACES, PER_FACE, FOLDS = 40, 2, 4
RATINGS = np.arange(1, 11)
CHILD, ADULT = 9.0, 40.0
#: Two of the unrated faces are children's.
AGES = np.where(np.arange(FACES) < 2, CHILD, ADULT)


def collection(seed: int, groups: NDArray[np.int64], ages: Floats) -> Collection:
    """Faces of which three numbers are seen, without pictures."""
    plain = np.random.default_rng(seed).normal(size=(FACES, 3)).astype(np.float32)
    views = Views.of(np.zeros((FACES, 1, 1, 3), np.uint8), groups, PER_FACE, seed)
    blended = views.blended(plain).astype(np.float32)
    return Collection(
        views,
        groups,
        Seen(plain, ages.astype(np.float32)),
        Seen(blended, np.full(len(views), ADULT, np.float32)),
        str(seed),
    )


RATED = collection(0, np.arange(FACES) % FOLDS, np.full(FACES, CHILD))
FURTHER = collection(1, np.zeros(FACES, int), AGES)
UNRATED = collection(2, np.zeros(FACES, int), AGES)


def scores_of(one: Collection) -> Floats:
    """Scores that the first of the numbers decides."""
    return (5.5 + one.plain.features[:, 0]).clip(1, 10).astype(float)


def photos(scores: Floats) -> list[LabelledPhoto]:
    return [LabelledPhoto(Path("photo.jpg"), score) for score in scores]


def lessons(
    further: Floats,
    means: Floats | None = None,
    unseen: Sequence[int] = (),
) -> tuple[Lessons, list[Pool]]:
    """What is learnt when the photos of `FURTHER` have these scores."""
    course = Course(
        [RATED, FURTHER, UNRATED],
        [photos(scores_of(RATED)), photos(further), []],
        light_teachers(Light()),
    )
    return course.lessons(scores_of(RATED) if means is None else means, unseen)


def ratings(of: Lessons) -> Floats:
    assert of.ratings is not None
    found: Floats = of.ratings.numpy()
    return found


def test_each_view_is_described_and_rated() -> None:
    """Views of all collections follow one another, with the ratings of faces like theirs."""
    found, pools = lessons(scores_of(FURTHER))
    views = FACES * PER_FACE
    assert len(found.views) == len(found.descriptions) == len(found.ages) == 3 * views
    assert found.ages.shape == (3 * views, 1)
    rated, others = pools
    np.testing.assert_array_equal(rated.indices, np.arange(views))
    np.testing.assert_array_equal(others.indices, np.arange(views, 3 * views))
    assert rated.share == pytest.approx(2 * others.share)
    for start, one in ((0, RATED), (views, FURTHER), (2 * views, UNRATED)):
        part = ratings(found)[start : start + views]
        known = np.isfinite(part).all(1)
        light = one.seen.features[known, 0]
        assert np.corrcoef(part[known] @ RATINGS, light)[0, 1] > 0.8


def test_children_are_not_rated() -> None:
    """Unrated and further views with a child in them teach no ratings; rated photos always do."""
    part = ratings(lessons(scores_of(FURTHER))[0])
    views = FACES * PER_FACE
    known = np.isfinite(part).all(1)
    assert (np.isfinite(part).any(1) == known).all()
    expected = [np.ones(views, bool), FURTHER.youngest == ADULT, UNRATED.youngest == ADULT]
    np.testing.assert_array_equal(known, np.concatenate(expected))
    # A child is in a view too when it is blended into an adult.
    assert (~expected[2]).sum() > 2 * PER_FACE


@pytest.mark.parametrize("fold", range(FOLDS))
def test_unseen_people_change_nothing(fold: int) -> None:
    """Whatever the ratings of unseen people are, the same is learnt, and of none of their views."""
    hidden = RATED.groups == fold
    poisoned = np.where(hidden, 10.0, scores_of(RATED))
    first, pools = lessons(scores_of(FURTHER), unseen=[fold])
    second, _ = lessons(scores_of(FURTHER), poisoned, [fold])
    learnt = np.concatenate([pool.indices for pool in pools])
    np.testing.assert_array_equal(ratings(first)[learnt], ratings(second)[learnt])
    rated = pools[0].indices
    own = RATED.views.first[rated]
    assert set(own) | set(RATED.views.second[rated]) == set(np.flatnonzero(~hidden))
    assert not np.array_equal(ratings(first), ratings(lessons(scores_of(FURTHER), poisoned)[0]))


def test_further_ratings_have_a_scale_of_their_own() -> None:
    """Where ratings go from 0 to 100 the same is learnt as where they go from 1 to 10."""
    usual, hundred = (
        ratings(lessons(scores)[0]) for scores in (scores_of(FURTHER), 25 * scores_of(FURTHER) - 40)
    )
    np.testing.assert_allclose(usual, hundred, atol=1e-5)
    none = ratings(lessons(np.full(FACES, 3.0))[0])
    assert np.isfinite(none[: FACES * PER_FACE]).all()
    assert np.nanmax(np.abs(none - usual)) > 0.01


def test_ratings_alone_can_be_learnt() -> None:
    """With the rated photos alone there is one pool of views."""
    course = Course([RATED], [photos(scores_of(RATED))], light_teachers(Light()))
    found, pools = course.lessons(scores_of(RATED), [])
    assert len(pools) == 1
    assert np.isfinite(ratings(found)).all()
