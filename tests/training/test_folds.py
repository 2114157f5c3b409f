"""Tests of cross-validation folds and groups of similar faces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai_training.dataset import folds, groups


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=200),
    st.integers(2, 6),
    st.integers(0, 100),
)
def test_no_fold_divides_a_group(group: list[int], count: int, seed: int) -> None:
    """All photos of a group are in one fold, and fold sizes differ by at most the largest group."""
    fold_of = folds(group, count, seed)
    for member in set(group):
        assert (
            len({fold for fold, other in zip(fold_of, group, strict=True) if other == member}) == 1
        )
    sizes = np.bincount(fold_of, minlength=count)
    assert len(sizes) == count
    assert sizes.max() - sizes.min() <= max(map(group.count, set(group)))


def test_like_faces_are_a_group_through_a_third() -> None:
    """Two photos that are both similar to a third are in its group, and no others are."""
    indices = np.array([[0], [0.3], [0.6], [3], [3.3], [9], [-0.3]], np.float32)
    found = groups(indices)
    assert found[0] == found[1] == found[2] == found[6]
    assert found[3] == found[4]
    assert len(set(found)) == 3


@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_gives_the_same_folds(seed: int) -> None:
    """The same seed gives the same folds."""
    group = list(range(40))
    assert folds(group, 5, seed).tolist() == folds(group, 5, seed).tolist()
