"""Evaluation: score crops, and measure the predictions against ratings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from attrai.inference import Images
from attrai.scoring import Scorer
from attrai.scoring.scorer import Predictions
from attrai_training.evaluation.crops import in_threads
from attrai_training.evaluation.labels import LabelledPhoto
from attrai_training.evaluation.metrics import (
    CalibrationBin,
    Coverage,
    Floats,
    RegressionMetrics,
    calibration,
    coverage,
    regression_metrics,
)
from attrai_training.evaluation.raters import Raters, Ratings

#: The number of crops that a thread scores at a time.
_AT_ONCE = 8
#: Groups with fewer photos are shown, but say too little to be compared.
MIN_GROUP_PHOTOS = 10


def predict(
    images: Images, scorer: Scorer, threads: int, progress: Callable[[int], None]
) -> Predictions:
    """Score crops, as large as the scorer expects them, on several threads.

    `progress` is called with the number of crops done since the last call.
    """
    parts = [images[start : start + _AT_ONCE] for start in range(0, len(images), _AT_ONCE)]
    found: list[Predictions] = []
    with closing(in_threads(scorer.predict, parts, threads)) as results:
        for part in results:
            found.append(part)
            progress(len(part.values))
    values, spreads, ages = zip(*found, strict=True)
    known = None if ages[0] is None else np.concatenate(ages)
    return Predictions(np.concatenate(values), np.concatenate(spreads), known)


@dataclass(frozen=True)
class Grouping:
    """Metrics of the photos grouped by a label of the person."""

    groups: Mapping[str, RegressionMetrics]  #: by the group's name
    #: The largest minus the smallest MAE, and likewise bias, in points, among groups of at least
    #: `MIN_GROUP_PHOTOS` photos; None with fewer than two such groups. Chance alone opens a gap,
    #: which is wider the more groups there are and the smaller they are.
    mae_gap: float | None
    bias_gap: float | None


@dataclass(frozen=True)
class Agreement:
    """How well predictions agree with one measure of the photos."""

    measure: str  #: what it is called
    scores: Floats  #: the predictions for the photos of which it is known
    rated: Floats  #: the measure of these photos
    overall: RegressionMetrics
    calibration: tuple[CalibrationBin, ...]
    #: By gender, by ethnicity and by both, where the labels are known.
    groupings: Mapping[str, Grouping]
    #: The correlation with what other, equally many raters would give; NaN if unknown.
    reliability: float

    @property
    def ceiling(self) -> float:
        """The correlation of the measure with what it measures: no scorer's is higher."""
        return math.sqrt(max(self.reliability, 0))  # a NaN stays, as max's first argument


@dataclass(frozen=True)
class Evaluation:
    """How good predictions are."""

    photos: Sequence[LabelledPhoto]
    published: Agreement  #: with the scores in labels.csv
    corrected: Agreement | None  #: with qualities corrected for who rated; needs single ratings
    coverage: Coverage | None  #: None if no photo has a histogram
    ratings: Ratings | None  #: the single ratings

    @property
    def agreements(self) -> list[Agreement]:
        return [self.published, *([self.corrected] if self.corrected else [])]


def evaluate(
    values: Floats, spreads: Floats, photos: Sequence[LabelledPhoto], raters: Raters | None = None
) -> Evaluation:
    """Measure any scorer's predictions for at least one photo against the ratings.

    `raters` says what is known of the raters, if there are single ratings.
    """
    of_means, of_quality = raters.reliability(photos) if raters else (math.nan, math.nan)
    scores = np.array([photo.score for photo in photos])
    quality = raters.quality(photos) if raters else np.full(len(photos), np.nan)
    rated = np.isfinite(quality).any()
    return Evaluation(
        photos,
        _agreement("mean rating", values, scores, photos, of_means),
        _agreement("corrected rating", values, quality, photos, of_quality) if rated else None,
        coverage(values, spreads, [photo.histogram for photo in photos]),
        raters.ratings if raters else None,
    )


def _agreement(
    measure: str,
    scores: Floats,
    rated: Floats,
    photos: Sequence[LabelledPhoto],
    reliability: float,
) -> Agreement:
    known = np.isfinite(rated)
    photos = [photo for photo, there in zip(photos, known, strict=True) if there]
    scores, rated = scores[known], rated[known]
    genders, ethnicities = [p.gender for p in photos], [p.ethnicity for p in photos]
    both = [f"{g}, {e}" if g and e else None for g, e in zip(genders, ethnicities, strict=True)]
    by = {"gender": genders, "ethnicity": ethnicities, "gender and ethnicity": both}
    groupings = {name: _grouping(scores, rated, labels) for name, labels in by.items()}
    return Agreement(
        measure,
        scores,
        rated,
        overall=regression_metrics(scores, rated),
        calibration=calibration(scores, rated),
        groupings={name: grouping for name, grouping in groupings.items() if grouping.groups},
        reliability=reliability,
    )


def _grouping(scores: Floats, rated: Floats, labels: Sequence[str | None]) -> Grouping:
    groups = {}
    for name in sorted({label for label in labels if label}):
        there = np.array([label == name for label in labels])
        groups[name] = regression_metrics(scores[there], rated[there])
    compared = [group for group in groups.values() if group.photos >= MIN_GROUP_PHOTOS]
    values = np.array([(group.mae.value, group.bias.value) for group in compared])
    mae_gap, bias_gap = np.ptp(values, axis=0).tolist() if len(compared) > 1 else (None, None)
    return Grouping(groups, mae_gap, bias_gap)
