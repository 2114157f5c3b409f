"""The faces to learn from, in collections, and what the teachers see in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from attrai.inference import Images
from attrai_training.description import Seen, Teachers
from attrai_training.errors import LabelsError
from attrai_training.evaluation.array_cache import read_arrays, write_arrays
from attrai_training.sources import Bar
from attrai_training.views import SIDE, Views, plain_crops

#: The number of views of each face.
PER_FACE = 6
#: The number of crops in a file of the cache, which is the most that an interruption costs.
_CHUNK = 1024
#: The version of views and of what is seen in them. Increase it when either changes, so that older
#: files are ignored.
_VERSION = 2


@dataclass(frozen=True)
class Collection:
    """Faces of one source, views of them, and what the teachers see in both."""

    views: Views
    groups: NDArray[np.int64]  #: of each face; only faces of the same one are blended
    plain: Seen  #: in each face
    seen: Seen  #: in each view
    digest: str  #: of the faces and the teachers

    @classmethod
    def look(
        cls,
        faces: Images,
        group: Callable[[Seen], NDArray[np.int64]],
        teachers: Teachers,
        cache: Path,
        bar: Bar,
    ) -> Collection:
        """Let the teachers look at faces and their views.

        Args:
            faces: RGB crops with their surroundings, shape (n, side, side, 3), n at least 1.
            group: returns the group of each face, see `Views.of`, from what is seen in it.
            teachers: the face networks.
            cache: the folder in which what they see is kept for the next run.
            bar: opens a progress bar.

        Raises:
            LabelsError: `group` says that these faces can't be used.
            OSError: a file can't be written to `cache`.
        """
        recipe = f"{_VERSION} {teachers.digest} {_digest(faces)}"
        progress = bar("Looking at faces", len(faces) * (1 + PER_FACE))

        def all_of(recipe: str, count: int, look: Callable[[range], Seen]) -> Seen:
            key = hashlib.sha256(recipe.encode()).hexdigest()[:32]
            parts = []
            for start in range(0, count, _CHUNK):
                chunk = range(start, min(start + _CHUNK, count))
                file = cache / f"seen-{key}-{start}.npz"
                kept = read_arrays(file, Seen._fields)
                if kept is None:
                    seen = look(chunk)
                    kept = seen._asdict() | {"features": seen.features.astype(np.float16)}
                    write_arrays(file, kept)
                parts.append(Seen(**kept))
                progress(len(chunk))
            return Seen(*map(np.concatenate, zip(*parts, strict=True)))

        plain = all_of(
            recipe,
            len(faces),
            lambda chunk: teachers.see_both_ways(plain_crops(faces[chunk], SIDE)),
        )
        groups = group(plain)
        views = Views.of(faces, groups, PER_FACE, seed=0)
        with ThreadPoolExecutor() as pool:
            seen = all_of(
                f"{recipe} {PER_FACE} {groups.tolist()}",
                len(views),
                lambda chunk: teachers.see(views.draw(chunk, SIDE, pool)),
            )
        return cls(views, groups, plain, seen, recipe)

    @cached_property
    def youngest(self) -> NDArray[np.float32]:
        """The age of the youngest face in each view, as faceres sees it, in years."""
        ages = self.plain.ages
        return np.minimum(ages[self.views.first], ages[self.views.second])


def _digest(faces: Images) -> str:
    return hashlib.sha256(np.ascontiguousarray(faces).data).hexdigest()


def folds(person: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the fold of each photo, shape (n,): similar in size, and never splitting a person.

    Raises:
        LabelsError: there are fewer persons than folds.
    """
    persons = len(np.unique(person))
    if persons < count:
        raise LabelsError(f"the photos show {persons} people, where at least {count} are needed")
    found = np.empty(len(person), np.int64)
    for fold, (_, members) in enumerate(GroupKFold(count).split(person, groups=person)):
        found[members] = fold
    return found
