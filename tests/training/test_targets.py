"""Tests of the targets of training: ratings, and what regression says of faces alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai_training.evaluation import LabelledPhoto
from attrai_training.targets import (
    Floats,
    RatedFaces,
    rating_distributions,
    tilted,
    view_targets,
)
from attrai_training.views import Views

HISTOGRAMS = st.lists(st.integers(0, 50), min_size=10, max_size=10).filter(any).map(tuple)
RATINGS = np.arange(1, 11)
RATED, UNRATED, FOLDS = 150, 50, 5


def photo(histogram: tuple[int, ...] | None = None) -> LabelledPhoto:
    """A labelled photo whose file and score don't matter."""
    return LabelledPhoto(Path("photo.jpg"), 5, histogram)


def around(means: Floats) -> Floats:
    """Distributions with these means."""
    return rating_distributions([photo()] * len(means), means)


@given(st.lists(st.tuples(st.floats(1, 10), st.none() | HISTOGRAMS), min_size=1, max_size=8))
def test_distributions_have_the_means_asked_for(
    labels: list[tuple[float, tuple[int, ...] | None]],
) -> None:
    """They sum to 1, and have any mean from 1 to 10, whatever the histogram."""
    means = np.array([mean for mean, _ in labels])
    found = rating_distributions([photo(histogram) for _, histogram in labels], means)
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(1), 1)
    np.testing.assert_allclose(found @ RATINGS, means, atol=1e-4)


def test_distributions_have_the_shape_of_the_histogram() -> None:
    """Raters who disagree give a wider one than raters who agree, and gaps are filled."""
    apart, agreed = (0, 20, 0, 0, 0, 0, 0, 0, 20, 0), (0, 0, 0, 0, 20, 20, 0, 0, 0, 0)
    two, one = rating_distributions([photo(apart), photo(agreed)], np.array([5.5, 5.5]))
    assert two[4] < 0.01 < two[2] < two[1]
    assert one[1] < 0.01 < one[3] < one[4]


def test_tilting_keeps_what_has_the_mean_already() -> None:
    """Nothing changes at the mean there is; elsewhere neighbours' odds change by one factor."""
    shares = around(np.array([4.0]))
    np.testing.assert_allclose(tilted(7 * shares, np.array([4.0])), shares, atol=1e-4)
    moved = tilted(shares, np.array([6.0])) / shares
    factors = moved[0, 1:] / moved[0, :-1]
    np.testing.assert_allclose(factors, factors[0])
    assert factors[0] > 1


def rated_faces(means: Floats, descriptions: Floats) -> RatedFaces:
    folds = np.arange(len(means)) % FOLDS
    return RatedFaces(descriptions[: len(means)].astype("f4"), around(means), folds)


@pytest.fixture
def descriptions() -> Floats:
    return np.random.default_rng(0).normal(size=(RATED + UNRATED, 3))


@pytest.fixture
def scores(descriptions: Floats) -> Floats:
    """Scores that the first number of a description decides."""
    scores: Floats = (5.5 + descriptions[:, 0]).clip(1, 10)
    return scores


def test_predictions_follow_from_faces_alike(descriptions: Floats, scores: Floats) -> None:
    """The prediction of a face follows the ratings of faces with similar descriptions."""
    unrated = descriptions[RATED:].astype("f4")
    said = rated_faces(scores[:RATED], descriptions).predict(unrated, [])
    assert said.min() > 0
    np.testing.assert_allclose(said.sum(1), 1)
    assert np.corrcoef(said @ RATINGS, scores[RATED:])[0, 1] > 0.9
    reverse = rated_faces(11 - scores[:RATED], descriptions).predict(unrated, [])
    assert np.corrcoef(reverse @ RATINGS, scores[RATED:])[0, 1] < -0.9


def test_further_raters_count_less_and_set_no_scale(descriptions: Floats, scores: Floats) -> None:
    """Where two collections disagree about alike faces, predictions of the first agree with it."""
    own = rated_faces(scores[:RATED], descriptions)
    other = rated_faces((14 - scores[:RATED]).clip(1, 10), descriptions)
    both = RatedFaces(
        np.concatenate([own.descriptions, other.descriptions]),
        np.concatenate([own.distributions, other.distributions]),
        np.concatenate([own.folds, np.full(RATED, -1)]),
    )
    unrated = descriptions[RATED:].astype("f4")
    assert np.corrcoef(both.predict(unrated, []) @ RATINGS, scores[RATED:])[0, 1] > 0.5
    unlike = both.predict(np.full((1, 3), 99, np.float32), [])[0]
    np.testing.assert_allclose(unlike, own.distributions.mean(0), atol=1e-3)


def test_half_of_a_target_does_not_know_the_ratings(descriptions: Floats, scores: Floats) -> None:
    """One half are a view's own ratings, the other what those of other folds say of its face."""
    views = Views.of(np.zeros((RATED, 1, 1, 3), np.uint8), np.arange(RATED), 1, seed=0)

    def targets(scores: Floats, unseen: list[int]) -> Floats:
        rated = rated_faces(scores, descriptions)
        return view_targets(views, rated.folds, rated.descriptions, rated, unseen)

    scores = scores[:RATED]
    found = targets(scores, [])
    np.testing.assert_allclose(found.sum(1), 1)
    assert np.corrcoef(found @ RATINGS, scores)[0, 1] > 0.9

    own = np.arange(RATED) % FOLDS == 0
    wrong = np.where(own, 11 - scores, scores)
    changed, told = targets(wrong, []), (around(wrong) - around(scores)) / 2
    np.testing.assert_allclose(changed[own] - found[own], told[own], atol=1e-9)
    assert np.abs(changed - found)[~own].max() > 0.01
    unseen = targets(wrong, [0])[~own]
    np.testing.assert_array_equal(unseen, targets(scores, [0])[~own])
