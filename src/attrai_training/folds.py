"""Folds for cross-validation: every photo is judged once, by a network that never saw it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Faces whose descriptors are nearer than this are taken for one person or picture. dlib itself
#: takes those below 0.6 for one person; among photos so alike in kind that joins strangers, and
#: through them nearly everybody.
ALIKE = 0.4


def groups(descriptors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Numbers that are the same for photos of one person, shape (n,).

    Whoever is like somebody of a group belongs to it: a photo may be like one of a person's and
    unlike another.

    Args:
        descriptors: dlib's, shape (n, 128).
    """
    found = np.arange(len(descriptors))
    for place, descriptor in enumerate(descriptors):
        near = np.linalg.norm(descriptors[:place] - descriptor, axis=1) < ALIKE
        for number in np.unique(found[:place][near]):
            found[found == number] = place
    return found


def folds(group: Sequence[int] | NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """The fold of each photo, shape (n,): of like size, and none divides a group."""
    members, sizes = np.unique(group, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(members))
    fold_of, filled = {}, np.zeros(count, int)
    # The largest first, or the last one would unbalance what the small ones have balanced.
    for place in sorted(shuffled, key=lambda place: -sizes[place]):
        fold_of[members[place]] = fold = int(filled.argmin())
        filled[fold] += sizes[place]
    return np.array([fold_of[member] for member in group], np.int64)
