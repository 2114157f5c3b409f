"""The course: what a network learns from all faces when the people of some folds stay unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attrai_training.dataset import Collection
from attrai_training.description import Teachers
from attrai_training.evaluation import LabelledPhoto
from attrai_training.evaluation.metrics import Floats
from attrai_training.loop import Pool
from attrai_training.student import Lessons
from attrai_training.targets import RatedFaces, rating_distributions, view_targets
from attrai_training.views import Views

#: Faces that seem younger, in years, are not learnt from as attractive or not.
_ADULT = 18.0
#: The share of a batch that is of the rated photos: only these are like those that it is for.
_RATED_SHARE = 2 / 3


@dataclass(frozen=True)
class Course:
    """Collections of faces: the rated photos, further rated ones, and unrated ones."""

    collections: Sequence[Collection]
    #: The photos of each; the ratings of the first set the scale, and unrated faces have no photos.
    photos: Sequence[Sequence[LabelledPhoto]]
    teachers: Teachers

    def lessons(self, means: Floats, unseen: Sequence[int]) -> tuple[Lessons, list[Pool]]:
        """Return what to learn, and pools of views for `train`.

        Args:
            means: the mean rating to learn of each rated photo.
            unseen: the folds from which nothing is learnt.
        """
        described = self._described_views()
        rated, first = self.rated(means, unseen), self.collections[0]
        wanted = [view_targets(first.views, first.groups, described[0], rated, unseen)]
        wanted += [rated.predict(features, unseen) for features in described[1:]]
        for collection, targets in zip(self.collections[1:], wanted[1:], strict=True):
            targets[collection.youngest < _ADULT] = np.nan
        lessons = self._lessons(described, torch.from_numpy(np.concatenate(wanted)).float())
        learnt = np.flatnonzero(~np.isin(first.groups[first.views.first], unseen))
        others = np.arange(len(first.views), len(lessons.views))
        if not len(others):
            return lessons, [Pool(learnt)]
        return lessons, [Pool(learnt, _RATED_SHARE), Pool(others, 1 - _RATED_SHARE)]

    @property
    def digests(self) -> list[str]:
        """The digests of the collections."""
        return [one.digest for one in self.collections]

    def lessons_without_ratings(self) -> Lessons:
        """Return what to learn from all faces but their ratings."""
        return self._lessons(self._described_views(), None)

    def _described_views(self) -> list[NDArray[np.float32]]:
        return [self.describe(one, one.seen.features) for one in self.collections]

    def _lessons(self, described: Sequence[NDArray[np.float32]], ratings: Tensor | None) -> Lessons:
        ages = np.concatenate([one.seen.ages for one in self.collections])
        return Lessons(
            Views.joined([one.views for one in self.collections]),
            torch.from_numpy(np.concatenate(described)),
            torch.from_numpy(ages).float()[:, None],
            ratings,
        )

    def describe(
        self, collection: Collection, features: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Describe faces or views of a collection beside its faces."""
        return self.teachers.describe(features, collection.plain.features)

    def rated(self, means: Floats, unseen: Sequence[int]) -> RatedFaces:
        """Return all rated faces, those of the first collection first; see `lessons`."""
        groups = self.collections[0].groups
        learnt = means[~np.isin(groups, unseen)]
        descriptions: list[NDArray[np.float32]] = []
        distributions: list[Floats] = []
        folds: list[NDArray[np.int64]] = []
        for collection, photos in zip(self.collections, self.photos, strict=True):
            if not photos:
                continue
            descriptions.append(self.describe(collection, collection.plain.features))
            if not folds:
                distributions.append(rating_distributions(photos, means))
                folds.append(groups)
                continue
            # On a scale of their own, by other raters.
            scores = np.array([photo.score for photo in photos])
            deviation = scores.std() or 1.0
            alike = learnt.mean() + learnt.std() * (scores - scores.mean()) / deviation
            distributions.append(rating_distributions(photos, alike.clip(1, 10)))
            folds.append(np.full(len(photos), -1))
        return RatedFaces(
            np.concatenate(descriptions), np.concatenate(distributions), np.concatenate(folds)
        )
