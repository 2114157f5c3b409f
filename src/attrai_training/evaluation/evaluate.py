"""Evaluation: score crops, measure the predictions against ratings, or both from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import Images, open_engine
from attrai.scoring import Scorer
from attrai.settings import Settings
from attrai_training.evaluation.cache import CropShape
from attrai_training.evaluation.crops import in_threads, load_crops
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

#: The number of crops that a thread scores at a time.
_AT_ONCE = 8


class Predictions(NamedTuple):
    """The predicted ratings of n faces."""

    #: The mean ratings, shape (n,).
    values: Floats
    #: The standard deviations of the ratings, shape (n,).
    spreads: Floats


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
    values: list[float] = []
    spreads: list[float] = []
    with closing(in_threads(scorer.predict, parts, threads)) as results:
        for part in results:
            values += part.values.tolist()
            spreads += part.spreads.tolist()
            progress(len(part.values))
    return Predictions(np.array(values), np.array(spreads))


#: Groups with fewer photos are shown, but say too little to be compared.
MIN_GROUP_PHOTOS = 10


@dataclass(frozen=True)
class Grouping:
    """Metrics of the photos grouped by a label of the person."""

    #: The metrics of each group, by its name.
    groups: Mapping[str, RegressionMetrics]
    #: The largest minus the smallest MAE, and likewise bias, in points, among groups of at least
    #: `MIN_GROUP_PHOTOS` photos; None with fewer than two such groups. Chance alone opens a gap,
    #: which is wider the more groups there are and the smaller they are.
    mae_gap: float | None
    bias_gap: float | None


@dataclass(frozen=True)
class Evaluation:
    """How good predictions are."""

    overall: RegressionMetrics
    calibration: tuple[CalibrationBin, ...]
    #: None if no photo has a histogram.
    coverage: Coverage | None
    #: By gender, by ethnicity and by both, where the labels are known.
    groupings: Mapping[str, Grouping]


def evaluate(values: Floats, spreads: Floats, photos: Sequence[LabelledPhoto]) -> Evaluation:
    """Measure any scorer's predictions against the ratings.

    Args:
        values: the predicted scores, shape (n,), n at least 1.
        spreads: the predicted standard deviations of the ratings, shape (n,).
        photos: the n photos, in any order that matches.
    """
    rated = np.array([photo.score for photo in photos])
    by: dict[str, Callable[[LabelledPhoto], str | None]] = {
        "gender": lambda photo: photo.gender,
        "ethnicity": lambda photo: photo.ethnicity,
        "gender and ethnicity": _both,
    }
    groupings = {
        name: grouping
        for name, label in by.items()
        if (grouping := _grouping(values, rated, [label(photo) for photo in photos])).groups
    }
    return Evaluation(
        overall=regression_metrics(values, rated),
        calibration=calibration(values, rated),
        coverage=coverage(values, spreads, [photo.histogram for photo in photos]),
        groupings=groupings,
    )


def _both(photo: LabelledPhoto) -> str | None:
    return f"{photo.gender}, {photo.ethnicity}" if photo.gender and photo.ethnicity else None


def _grouping(values: Floats, rated: Floats, names: Sequence[str | None]) -> Grouping:
    groups = {}
    for name in sorted({name for name in names if name}):
        there = np.array([other == name for other in names])
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

    #: The photos that were scored.
    photos: list[LabelledPhoto]
    predictions: Predictions
    evaluation: Evaluation
    #: Why other photos were not.
    problems: list[LabelProblem]


def assess(
    photos: Sequence[LabelledPhoto],
    weights: Path,
    settings: Settings,
    *,
    threads: int,
    searched: Callable[[int], None],
    scored: Callable[[int], None],
) -> Assessment:
    """Score the largest face of each photo as the service does, and evaluate the scores.

    Args:
        photos: usable photos, from `read_labels`.
        weights: the scorer's weights file.
        settings: the limits for photos, and the engine that runs the networks.
        threads: the number of photos processed at once.
        searched: called with the number of photos searched for a face since the last call.
        scored: called with the number of faces scored since the last call.

    Raises:
        WeightsError: the scorer's weights can't be used.
        LabelsError: a face was found in too few photos.
    """
    scorer = Scorer.load(weights, open_engine(settings.engine, threads))
    crops = load_crops(
        photos,
        CropShape(CROP_SIDE),
        settings,
        threads=threads,
        cache=None,
        progress=searched,
    )
    predictions = predict(crops.images, scorer, threads, scored)
    return Assessment(
        photos=crops.kept,
        predictions=predictions,
        evaluation=evaluate(predictions.values, predictions.spreads, crops.kept),
        problems=crops.problems,
    )
