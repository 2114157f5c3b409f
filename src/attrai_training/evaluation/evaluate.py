"""Evaluation: score crops, measure the predictions against ratings, or both from files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import Images, open_engine
from attrai.job import Score
from attrai.scoring import Scorer
from attrai.settings import Settings
from attrai_training.evaluation.crops import CropShape, in_threads, load_crops
from attrai_training.evaluation.labels import LabelledPhoto, LabelProblem
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


class Predictions(NamedTuple):
    """The predicted ratings of n faces."""

    values: Floats  #: the mean ratings, shape (n,)
    spreads: Floats  #: the standard deviations of the ratings, shape (n,)


def predict(
    images: Images, scorer: Scorer, threads: int, progress: Callable[[int], None]
) -> Predictions:
    """Score crops on several threads.

    Args:
        images: RGB, shape (n, side, side, 3).
        scorer: the scorer; `side` is the one it expects.
        threads: the number of threads.
        progress: called with the number of crops done since the last call.
    """
    parts = [images[start : start + _AT_ONCE] for start in range(0, len(images), _AT_ONCE)]
    scores: list[Score] = []
    with closing(in_threads(scorer, parts, threads)) as results:
        for part in results:
            scores += part
            progress(len(part))
    values, spreads = np.array([(score.value, score.spread) for score in scores]).reshape(-1, 2).T
    return Predictions(values, spreads)


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
    scores: Floats  #: the predictions for the photos of which the measure is known
    rated: Floats  #: the measure
    overall: RegressionMetrics
    calibration: tuple[CalibrationBin, ...]
    #: By gender, by ethnicity and by both, where the labels are known.
    groupings: Mapping[str, Grouping]
    #: The correlation of the measure with what other, equally many raters would give; NaN if
    #: unknown. That of any predictions is hardly above its square root, the ceiling.
    reliability: float

    @property
    def ceiling(self) -> float:
        return math.sqrt(max(self.reliability, 0))  # NaN comes first, and stays


@dataclass(frozen=True)
class Evaluation:
    """How good predictions are."""

    published: Agreement  #: with the scores in labels.csv
    #: With qualities that are corrected for who rated; None without single ratings.
    corrected: Agreement | None
    coverage: Coverage | None  #: None if no photo has a histogram
    ratings: Ratings | None  #: the single ratings

    @property
    def agreements(self) -> list[Agreement]:
        return [self.published, *([self.corrected] if self.corrected else [])]


def evaluate(
    values: Floats,
    spreads: Floats,
    photos: Sequence[LabelledPhoto],
    raters: Raters | None = None,
) -> Evaluation:
    """Measure any scorer's predictions against the ratings.

    Args:
        values: the predicted scores, shape (n,), n at least 1.
        spreads: the predicted standard deviations of the ratings, shape (n,).
        photos: the n photos, in any order that matches.
        raters: what is known of the raters, if there are single ratings.
    """
    unknown = math.nan, math.nan
    of_means, of_quality = raters.reliability(photos) if raters else unknown
    means = np.array([photo.score for photo in photos])
    qualities = raters.quality(photos) if raters else np.full(len(photos), np.nan)
    return Evaluation(
        published=_agreement("mean rating", values, means, photos, of_means),
        corrected=_agreement("corrected rating", values, qualities, photos, of_quality)
        if np.isfinite(qualities).any()
        else None,
        coverage=coverage(values, spreads, [photo.histogram for photo in photos]),
        ratings=raters.ratings if raters else None,
    )


def _agreement(
    measure: str,
    values: Floats,
    rated: Floats,
    photos: Sequence[LabelledPhoto],
    reliability: float,
) -> Agreement:
    known = np.isfinite(rated)
    values, rated = values[known], rated[known]
    photos = [photo for photo, there in zip(photos, known, strict=True) if there]
    by = {
        "gender": [photo.gender for photo in photos],
        "ethnicity": [photo.ethnicity for photo in photos],
        "gender and ethnicity": [
            f"{photo.gender}, {photo.ethnicity}" if photo.gender and photo.ethnicity else None
            for photo in photos
        ],
    }
    groupings = {name: _grouping(values, rated, labels) for name, labels in by.items()}
    return Agreement(
        measure,
        values,
        rated,
        overall=regression_metrics(values, rated),
        calibration=calibration(values, rated),
        groupings={name: grouping for name, grouping in groupings.items() if grouping.groups},
        reliability=reliability,
    )


def _grouping(values: Floats, rated: Floats, labels: Sequence[str | None]) -> Grouping:
    groups = {}
    for name in sorted({label for label in labels if label}):
        there = np.array([label == name for label in labels])
        groups[name] = regression_metrics(values[there], rated[there])
    compared = [group for group in groups.values() if group.photos >= MIN_GROUP_PHOTOS]
    return Grouping(
        groups,
        mae_gap=_gap([group.mae.value for group in compared]),
        bias_gap=_gap([group.bias.value for group in compared]),
    )


def _gap(values: Sequence[float]) -> float | None:
    return max(values) - min(values) if len(values) > 1 else None


@dataclass(frozen=True)
class Assessment:
    """A scorer's predictions for labelled photos, and their evaluation."""

    photos: list[LabelledPhoto]  #: those that were scored
    predictions: Predictions
    evaluation: Evaluation
    problems: list[LabelProblem]  #: why other photos were not


def assess(
    photos: Sequence[LabelledPhoto],
    weights: Path,
    settings: Settings,
    *,
    raters: Raters | None,
    threads: int,
    searched: Callable[[int], None],
    scored: Callable[[int], None],
) -> Assessment:
    """Score the largest face of each photo as the service does, and evaluate the scores.

    Args:
        photos: usable photos, from `read_labels`.
        weights: the scorer's weights file.
        settings: the limits for photos, and the engine that runs the networks.
        raters: as for `evaluate`.
        threads: the number of photos processed at once.
        searched: called with the number of photos searched for a face since the last call.
        scored: called with the number of faces scored since the last call.

    Raises:
        WeightsError: the scorer's weights can't be used.
        LabelsError: a face was found in too few photos.
    """
    scorer = Scorer.load(weights, open_engine(settings.engine, threads))
    shape = CropShape(CROP_SIDE)
    crops = load_crops(photos, shape, settings, threads=threads, cache=None, progress=searched)
    predictions = predict(crops.images, scorer, threads, scored)
    evaluation = evaluate(*predictions, crops.kept, raters)
    return Assessment(crops.kept, predictions, evaluation, crops.problems)
