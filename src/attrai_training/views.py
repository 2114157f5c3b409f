"""Views: what the networks are trained on, augmented faces and blends of two of them.

A view follows from its number, so it is drawn anew whenever it is needed and never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.inference import Images
from attrai_training.augmentation import augmented, plain, shrunk
from attrai_training.loop import Indices

#: The side of the crops that faces are kept in and views are drawn in, without their surroundings.
SIDE = 150
#: The width of the surroundings kept on each side of a crop, in sides of the crop. It leaves room
#: to shift and rotate the crop.
MARGIN = 0.2
#: The share of views that are blends, and the range of the share of their first face. This is
#: mix-up: H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, ICLR 2018.
_BLENDS, _SHARES = 0.4, (0.3, 0.7)


@dataclass(frozen=True)
class Views:
    """Views of faces, of which one may be blended into another."""

    faces: Images  #: RGB crops with their surroundings, shape (n, side, side, 3)
    first: Indices  #: the face of each view, shape (m,)
    second: Indices  #: the face that is blended in, or the same
    share: NDArray[np.float64]  #: the share of the first
    numbers: Indices  #: the seed of each view

    @classmethod
    def of(cls, faces: Images, groups: NDArray[np.int64], per_face: int, seed: int) -> Self:
        """Plan `per_face` views of each face, round after round over all faces.

        Args:
            faces: RGB crops with their surroundings, shape (n, side, side, 3).
            groups: the group of each face; only faces of the same group are blended.
            per_face: the number of views of each face.
            seed: the source of randomness.
        """
        rng = np.random.default_rng(seed)
        first = np.tile(np.arange(len(faces)), per_face)
        second, share = first.copy(), np.ones(len(first))
        members = {group: np.flatnonzero(groups == group) for group in np.unique(groups)}
        for view in np.flatnonzero(rng.random(len(first)) < _BLENDS):
            second[view] = rng.choice(members[groups[first[view]]])
            share[view] = rng.uniform(*_SHARES)
        return cls(faces, first, second, share, np.arange(len(first)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the views of several sets of faces as one."""
        starts = np.cumsum([0, *(len(part.faces) for part in parts[:-1])])
        return cls(
            np.concatenate([part.faces for part in parts]),
            np.concatenate([part.first + start for part, start in zip(parts, starts, strict=True)]),
            np.concatenate(
                [part.second + start for part, start in zip(parts, starts, strict=True)]
            ),
            np.concatenate([part.share for part in parts]),
            np.concatenate([part.numbers for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.first)

    def blended(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values of each view, from those of each face, shape (n, length)."""
        share = self.share[:, None]
        mixed: NDArray[np.float64] = share * values[self.first] + (1 - share) * values[self.second]
        return mixed

    def draw(self, indices: Sequence[int] | Indices, side: int, pool: ThreadPoolExecutor) -> Images:
        """Draw the views at `indices`, shape (len(indices), side, side, 3)."""
        return np.stack(list(pool.map(lambda view: self._draw(view, side), indices)))

    def _draw(self, view: int, side: int) -> Images:
        rng = np.random.default_rng(self.numbers[view])
        faces = dict.fromkeys((int(self.first[view]), int(self.second[view])))
        drawn = [augmented(self.faces[face], SIDE, MARGIN, rng) for face in faces]
        share = self.share[view]
        blend = cv2.addWeighted(drawn[0], share, drawn[-1], 1 - share, 0)
        return shrunk(np.asarray(blend, np.uint8), side)


def plain_crops(faces: Images, side: int) -> Images:
    """Return the crops without their surroundings, as the scorer gets them."""
    return np.stack([plain(face, side, MARGIN) for face in faces])
