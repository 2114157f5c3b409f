"""Tests of predictions, calibration, coverage of the spread, groups and gaps between them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai.job import Score
from attrai.scoring import ResNet34Scorer
from attrai_training.evaluation import Evaluation, LabelledPhoto, evaluate, predict
from attrai_training.evaluation.evaluate import MIN_GROUP_PHOTOS
from attrai_training.evaluation.labels import RATINGS
from attrai_training.evaluation.metrics import calibration, coverage

Make = Callable[..., LabelledPhoto]

ALL_FIVE = (0, 0, 0, 0, 7, 0, 0, 0, 0, 0)
TWO_TO_EIGHT = (0, 1, 0, 0, 0, 0, 0, 1, 0, 0)  # mean 5, standard deviation 3


def test_each_crop_has_its_score() -> None:
    """On several threads each crop gets its own score and spread, and none is left out."""
    brightness = np.arange(50, dtype=np.uint8)
    images = np.broadcast_to(brightness[:, None, None, None], (50, 4, 4, 3))

    def logits(crops: np.ndarray) -> np.ndarray:
        """All probability on ratings 1 and 10, with more on 10 the brighter the crop."""
        share = np.clip(crops[:, 0, 0, 0] / 50, 1e-9, None)
        others = np.full((len(crops), 8), -100.0)
        return np.column_stack([np.log(1 - share), others, np.log(share)])

    told: list[int] = []
    values, spreads, ages = predict(images, ResNet34Scorer(logits, 10), 3, told.append)
    assert ages is None
    share = brightness / 50
    np.testing.assert_allclose(values, 1 + 9 * share, atol=1e-6)
    np.testing.assert_allclose(spreads, 9 * np.sqrt(share * (1 - share)), atol=1e-3)
    assert sum(told) == 50
    assert Score(value=values[0], spread=spreads[0])


def test_steps_of_calibration() -> None:
    """Photos are binned by the integer nearest to their score; halves round up."""
    predicted = np.array([6.5, 7.0, 7.49, 2.6])
    first, second = calibration(predicted, np.array([6.0, 8.0, 7.0, 4.0]))
    assert (first.about, first.photos, first.predicted, first.rated) == (3, 1, 2.6, 4.0)
    assert math.isnan(first.within)
    assert (second.about, second.photos, second.rated) == (7, 3, 7.0)
    assert second.predicted == pytest.approx(20.99 / 3)
    assert second.within == pytest.approx(1.96 / math.sqrt(3))


@given(st.lists(st.floats(1, 10), min_size=1, max_size=50))
def test_every_photo_is_on_a_step(scores: list[float]) -> None:
    """Each photo is in exactly one bin, and a bin's mean score is within 0.5 of its integer."""
    steps = calibration(np.array(scores), np.array(scores))
    assert sum(step.photos for step in steps) == len(scores)
    assert [step.about for step in steps] == sorted({step.about for step in steps})
    assert all(abs(step.predicted - step.about) <= 0.5 + 1e-9 for step in steps)


def test_coverage_by_hand() -> None:
    """Shares count single ratings, and photos without a histogram don't matter."""
    found = coverage(
        np.array([5.0, 6.0, 9.0]), np.array([1.0, 2.0, 9.0]), [ALL_FIVE, TWO_TO_EIGHT, None]
    )
    assert found is not None
    assert (found.photos, found.ratings) == (2, 9)
    assert found.predicted == pytest.approx(1.5)
    assert found.rated == pytest.approx(1.5)
    assert found.mae == pytest.approx(1)
    assert found.within_one == pytest.approx(8 / 9)  # rating 2 is further than 2 from score 6
    assert found.within_two == pytest.approx(1)
    assert found.rated_within_one == found.rated_within_two == pytest.approx(1)


def test_coverage_needs_histograms() -> None:
    """Without any histogram there is no coverage."""
    assert coverage(np.array([5.0]), np.array([1.0]), [None]) is None


@given(
    st.lists(
        st.lists(st.integers(0, 30), min_size=10, max_size=10).filter(any).map(tuple),
        min_size=1,
        max_size=10,
    )
)
def test_coverage_of_the_true_distributions(histograms: list[tuple[int, ...]]) -> None:
    """With the true means and deviations the error is zero, and Chebyshev's inequality holds."""
    ratings = np.array(RATINGS)
    means = np.array([np.average(ratings, weights=counts) for counts in histograms])
    spreads = np.array(
        [
            math.sqrt(np.average((ratings - mean) ** 2, weights=counts))
            for mean, counts in zip(means, histograms, strict=True)
        ]
    )
    found = coverage(means, spreads + 1e-9, histograms)
    assert found is not None
    assert found.mae == pytest.approx(0, abs=1e-6)
    assert found.within_two >= 0.75
    assert found.within_one <= found.within_two


def test_groups_and_gaps(make_photo: Make) -> None:
    """Each group has its own metrics, and gaps compare only groups that are large enough."""
    photos, scores = [], []
    for gender, ethnicity, bias, count in (
        ("female", "asian", 0.5, MIN_GROUP_PHOTOS),
        ("male", "asian", -0.25, MIN_GROUP_PHOTOS),
        ("male", "black", 3.0, MIN_GROUP_PHOTOS - 1),
        (None, None, 0.0, 5),
    ):
        photos += [make_photo(5, gender=gender, ethnicity=ethnicity)] * count
        scores += [5 + bias] * count
    found = evaluate(np.array(scores), np.ones(len(scores)), photos).published.groupings
    assert {name: list(grouping.groups) for name, grouping in found.items()} == {
        "gender": ["female", "male"],
        "ethnicity": ["asian", "black"],
        "gender and ethnicity": ["female, asian", "male, asian", "male, black"],
    }
    both = found["gender and ethnicity"]
    assert both.groups["male, black"].photos == MIN_GROUP_PHOTOS - 1
    assert both.groups["male, black"].bias.value == pytest.approx(3)
    assert both.bias_gap == pytest.approx(0.75)
    assert both.mae_gap == pytest.approx(0.25)
    assert found["ethnicity"].mae_gap is found["ethnicity"].bias_gap is None


def test_photos_without_labels_of_persons(make_photo: Make) -> None:
    """Without histograms and labels of people there are no groups, and no coverage."""
    found = evaluate(np.array([4.0, 6.0]), np.ones(2), [make_photo(3), make_photo(7)])
    assert found.published.groupings == {}
    assert found.coverage is None
    assert found.published.overall.slope.value == pytest.approx(2)


@given(st.randoms())
def test_the_order_of_photos_is_of_no_effect(random: object) -> None:
    """The order of the photos doesn't change the evaluation."""
    rows = [
        (
            LabelledPhoto(
                Path("photo.jpg"), 2 + i % 7, histograms, gender=("female", "male")[i % 2]
            ),
            3 + i / 9,
        )
        for i, histograms in enumerate([ALL_FIVE, TWO_TO_EIGHT, None] * 10)
    ]
    first = of(rows)
    random.shuffle(rows)  # type: ignore[attr-defined]
    second = of(rows)
    assert second.published.groupings == first.published.groupings
    assert second.published.overall == first.published.overall
    assert vars(second.coverage) == pytest.approx(vars(first.coverage))


def of(rows: list[tuple[LabelledPhoto, float]]) -> Evaluation:
    """The evaluation of photos with their scores; the spread is a quarter of the score."""
    scores = np.array([score for _, score in rows])
    return evaluate(scores, scores / 4, [photo for photo, _ in rows])
