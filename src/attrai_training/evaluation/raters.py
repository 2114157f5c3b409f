"""Single ratings, and what they say once it is taken into account who gave them.

Who happened to rate a photo matters, since some raters are harsh, and some hardly tell faces apart:

    rating = mean + rater's offset + rater's scale * photo's quality + noise

The three are fitted by alternating least squares. Ridge terms draw raters of few ratings towards an
offset of 0 and a scale of 1, and photos of few ratings towards the mean.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from attrai_training.errors import LabelsError
from attrai_training.evaluation.labels import LABELS, LabelledPhoto, number, read_rows
from attrai_training.evaluation.metrics import Floats, regression

Indices = NDArray[np.int64]

#: How many ratings weigh as much as what is known in advance of a photo's quality, and of a rater's
#: offset and scale. With these, MEBeauty's other ratings predict those left out best.
_QUALITY_RIDGE, _OFFSET_RIDGE, _SCALE_RIDGE = 2.0, 3.0, 6.0
#: Nobody is taken to rate the other way round.
_LEAST_SCALE = 0.01
#: After these many steps qualities change by less than a hundredth of a point.
_STEPS = 100
#: How many times raters are halved to estimate the reliability.
_HALVINGS = 10


@dataclass(frozen=True)
class Ratings:
    """Single ratings of photos."""

    paths: Sequence[Path]  #: the photos
    photos: Indices  #: of each rating, its photo's index in `paths`
    raters: Indices  #: of each rating, its rater's number
    values: Floats
    left_out: Mapping[str, int]  #: how many rows can't be used, by what is wrong

    @property
    def count(self) -> int:
        """The number of raters."""
        return int(self.raters.max()) + 1

    def of(self, photos: Sequence[LabelledPhoto]) -> Ratings:
        """Return the ratings of `photos`, which are the photos of the result, in this order."""
        paths = [photo.path for photo in photos]
        index = {path: index for index, path in enumerate(paths)}
        indices = np.array([index.get(path, -1) for path in self.paths], np.int64)[self.photos]
        return replace(self, paths=paths, photos=indices).where(indices >= 0)

    def where(self, kept: NDArray[np.bool_]) -> Ratings:
        """Return the ratings of which `kept` is true."""
        photos, raters, values = self.photos[kept], self.raters[kept], self.values[kept]
        return replace(self, photos=photos, raters=raters, values=values)

    def means(self) -> Floats:
        """Return the mean rating of each photo; NaN where there is none."""
        counts = self.per_photo(np.ones(len(self.values)))
        return self.per_photo(self.values) / np.where(counts > 0, counts, np.nan)

    def per_photo(self, values: Floats) -> Floats:
        """Sum up the ratings' `values` by photo."""
        return np.bincount(self.photos, values, len(self.paths)).astype(float)


def ratings_in(folder: Path) -> Path | None:
    """Return the file of single ratings in a folder of labelled photos, if there is one."""
    files = [folder / "ratings.csv", folder / "ratings.csv.gz"]
    return next((file for file in files if file.exists()), None)


def read_ratings(path: Path, photos: Sequence[LabelledPhoto]) -> Ratings:
    """Read single ratings of photos.

    Args:
        path: a CSV file with the columns photo, rater and rating; compressed if it ends in .gz.
            A photo is named by its file, with or without folders and suffix.
        photos: all usable photos. A name that several have is unknown.

    Raises:
        LabelsError: the file is missing, unreadable, lacks a column or has no usable row.
    """
    names: dict[str, int] = {}
    for index, photo in enumerate(photos):
        for start in range(len(photo.path.parts)):
            name = PurePath(*photo.path.parts[start:])
            for form in {name, name.with_suffix("")}:
                names[str(form)] = -1 if str(form) in names else index
    rows: list[tuple[int, str, float]] = []
    left_out: Counter[str] = Counter()
    for _, row, wrong in read_rows(path, ("photo", "rater", "rating")):
        if wrong or not row["rater"]:
            left_out["broken row"] += 1
        elif (index := names.get(str(PurePath(row["photo"])), -1)) < 0:
            left_out["unknown photo"] += 1
        elif not math.isfinite(value := number(row["rating"])):
            left_out["bad rating"] += 1
        else:
            rows.append((index, row["rater"], value))
    if not rows:
        raise LabelsError(f"{path}: has no usable rating of a photo in {LABELS}")
    indices, raters, values = map(np.array, zip(*rows, strict=True))
    numbers = np.unique(raters, return_inverse=True)[1]
    return Ratings([photo.path for photo in photos], indices, numbers, values, left_out)


class Reliability(NamedTuple):
    """The correlations of measures with what other, equally many raters give; NaN if unknown."""

    means: float  #: of mean ratings
    quality: float  #: of qualities corrected for raters


@dataclass(frozen=True)
class Raters:
    """Raters' offsets and scales, learnt from their ratings of some photos."""

    ratings: Ratings
    learnt: Sequence[LabelledPhoto]
    mean: float
    offsets: Floats  #: by rater's number, in points; 0 for one who rated no photo of `learnt`
    scales: Floats  #: likewise 1

    @classmethod
    def fit(cls, ratings: Ratings, photos: Sequence[LabelledPhoto]) -> Self:
        """Learn from the ratings of `photos`, and from no others.

        Raises:
            LabelsError: there are none.
        """
        known = ratings.of(photos)
        if not known.values.size:
            raise LabelsError("no photo to learn from has a single rating")
        mean, variance = float(known.values.mean()), float(known.values.var()) or 1.0
        count = ratings.count

        def per_rater(values: Floats) -> Floats:
            return np.bincount(known.raters, values, count).astype(float)

        raters = cls(ratings, photos, mean, np.zeros(count), np.ones(count))
        y, scale_ridge = known.values - mean, _SCALE_RIDGE * variance
        counts, sum_y = per_rater(np.ones(len(y))), per_rater(y)
        for _ in range(_STEPS):
            # Given the qualities, each rater's line is a ridge regression.
            q = raters._qualities(known)[known.photos]
            n, sum_q, sum_qq = counts + _OFFSET_RIDGE, per_rater(q), per_rater(q * q) + scale_ridge
            sum_qy = per_rater(q * y) + scale_ridge
            determinants = n * sum_qq - sum_q**2
            offsets = (sum_qq * sum_y - sum_q * sum_qy) / determinants
            scales = ((n * sum_qy - sum_q * sum_y) / determinants).clip(_LEAST_SCALE)
            # Else qualities could shrink while scales grow.
            scales = np.where(counts > 0, scales / np.average(scales, weights=counts), 1)
            raters = replace(raters, offsets=offsets, scales=scales)
        return raters

    def quality(self, photos: Sequence[LabelledPhoto]) -> Floats:
        """Return the qualities of any photos, shape (n,); NaN for those without a rating.

        They have the mean and deviation that the scores of the photos learnt from have.
        """
        learnt = self._qualities(self.ratings.of(self.learnt))
        scores = np.array([photo.score for photo in self.learnt])[np.isfinite(learnt)]
        stretch = scores.std() / (np.nanstd(learnt) or 1.0)
        found = self._qualities(self.ratings.of(photos))
        quality: Floats = scores.mean() + stretch * (found - np.nanmean(learnt))
        return quality

    def _qualities(self, ratings: Ratings) -> Floats:
        """Return the least squares qualities of photos, in points above the mean."""
        scales = self.scales[ratings.raters]
        above = ratings.values - self.mean - self.offsets[ratings.raters]
        weights = ratings.per_photo(scales**2)
        return ratings.per_photo(scales * above) / np.where(
            weights > 0, weights + _QUALITY_RIDGE, np.nan
        )

    def reliability(self, photos: Sequence[LabelledPhoto]) -> Reliability:
        """Return how reliable the measures of `photos` are, by split halves of the raters."""
        raters, random = np.unique(self.ratings.of(self.learnt).raters), np.random.default_rng(0)
        if len(raters) == 1:
            return Reliability(math.nan, math.nan)
        found = []
        for _ in range(_HALVINGS):
            half = np.isin(self.ratings.raters, random.permutation(raters)[: len(raters) // 2])
            parts = [self.ratings.where(half), self.ratings.where(~half)]
            means = [part.of(photos).means() for part in parts]
            qualities = [Raters.fit(part, self.learnt).quality(photos) for part in parts]
            found.append([_correlation(*means), _correlation(*qualities)])
        halves = np.array(found).clip(0)
        # Spearman and Brown (1910): from the reliability of half of the raters to that of all.
        return Reliability(*map(float, (2 * halves / (1 + halves)).mean(axis=0)))


def _correlation(first: Floats, second: Floats) -> float:
    both = np.isfinite(first + second)
    return float(regression(first[both], second[both])[0]) if both.sum() > 1 else math.nan
