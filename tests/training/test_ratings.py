"""Tests of ratings as targets, and of the loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attrai_training.evaluation import LabelledPhoto
from attrai_training.ratings import Targets, loss, mean

HISTOGRAMS = st.lists(st.integers(0, 50), min_size=10, max_size=10).filter(any).map(tuple)


def photo(score: float, histogram: tuple[int, ...] | None = None) -> LabelledPhoto:
    """A labelled photo whose file doesn't matter."""
    return LabelledPhoto(Path("photo.jpg"), score, histogram)


@given(st.lists(st.tuples(st.floats(1, 10), st.none() | HISTOGRAMS), min_size=1, max_size=8))
def test_targets_are_distributions(labels: list[tuple[float, tuple[int, ...] | None]]) -> None:
    """Each photo's target sums to 1, and the weights have a mean of 1."""
    targets = Targets.of([photo(*label) for label in labels])
    assert targets.distributions.min() >= 0
    torch.testing.assert_close(targets.distributions.sum(1), torch.ones(len(labels)))
    assert targets.weights.mean().item() == pytest.approx(1, abs=1e-5)


def test_more_ratings_weigh_more() -> None:
    """A photo with many ratings weighs more than one with few."""
    few, many = (0, 0, 0, 0, 3, 0, 0, 0, 0, 0), (0, 0, 0, 0, 40, 0, 0, 0, 0, 0)
    weights = Targets.of([photo(5, few), photo(5, many)]).weights
    assert weights[1] > weights[0]


@given(st.integers(0, 9), st.integers(0, 9))
def test_the_loss_grows_with_the_distance(first: int, second: int) -> None:
    """The loss grows with the distance to the right rating, where it is zero."""
    targets = Targets(torch.eye(10)[[0, 0]], torch.ones(2), torch.ones(2))
    logits = 1000 * torch.eye(10)
    near, far = sorted((first, second))
    costs = [
        loss(logits[[place]], Targets(*(part[:1] for part in vars(targets).values()))).item()
        for place in (near, far)
    ]
    assert costs[0] <= costs[1]
    assert (costs[0] == 0) == (near == 0)


@given(st.floats(0, 1))
def test_a_blend_has_a_blend_of_the_ratings(share: float) -> None:
    """A mixed target is the weighted mean of the two."""
    targets = Targets.of([photo(2), photo(9)])
    mixed = targets[np.array([0])].mixed(targets[np.array([1])], torch.tensor([share]))
    expected = share * targets.distributions[0] + (1 - share) * targets.distributions[1]
    torch.testing.assert_close(mixed.distributions[0], expected, atol=1e-6, rtol=1e-5)
    assert mixed.means.item() == pytest.approx(share * 2 + (1 - share) * 9, abs=1e-5)


def test_the_mean_is_that_of_the_ratings() -> None:
    """Ratings are counted from 1."""
    assert mean(torch.eye(10)).tolist() == list(range(1, 11))
