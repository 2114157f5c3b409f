"""Folds for cross-validation: each photo is scored once, by a network not trained on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Faces whose descriptors are closer than this count as the same person or picture. dlib itself
#: uses 0.6, but among photos as similar as these that links strangers, and through them nearly
#: everybody.
SAME_PERSON_DISTANCE = 0.4


def groups(descriptors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return group numbers, equal for photos of the same person, shape (n,).

    A photo joins a group when it is close to any member, because it may be close to one photo of a
    person and far from another.

    Args:
        descriptors: dlib's descriptors, shape (n, 128).
    """
    found = np.arange(len(descriptors))
    for place, descriptor in enumerate(descriptors):
        near = np.linalg.norm(descriptors[:place] - descriptor, axis=1) < SAME_PERSON_DISTANCE
        for number in np.unique(found[:place][near]):
            found[found == number] = place
    return found


def folds(group: Sequence[int] | NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each photo, shape (n,): similar in size, and never splitting a group."""
    members, sizes = np.unique(group, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(members))
    fold_of, filled = {}, np.zeros(count, int)
    # The largest groups go first; placed last, one would unbalance what the small ones had
    # balanced.
    for place in sorted(shuffled, key=lambda place: -sizes[place]):
        fold_of[members[place]] = fold = int(filled.argmin())
        filled[fold] += sizes[place]
    return np.array([fold_of[member] for member in group], np.int64)
