"""All that is measured of predictions: `evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from attrai.scoring.evaluation.agreement import Agreement, agreement
from attrai.scoring.evaluation.calibration import Step, calibration
from attrai.scoring.evaluation.coverage import Coverage, coverage
from attrai.scoring.evaluation.figures import Floats
from attrai.scoring.evaluation.labels import LabelledPhoto

#: A group of fewer photos is shown, but says too little to be compared.
LEAST_IN_GROUP = 10


@dataclass(frozen=True)
class Grouping:
    """The photos by what their labels say of the person."""

    #: By the group's name.
    groups: Mapping[str, Agreement]
    #: The largest MAE of a group less the smallest, and the same of the bias, in points, among
    #: groups of at least `LEAST_IN_GROUP` photos; None with fewer than two such groups. Chance
    #: alone opens a gap, the wider the more and the smaller the groups are.
    mae_gap: float | None
    bias_gap: float | None


@dataclass(frozen=True)
class Evaluation:
    """How good predictions are."""

    overall: Agreement
    calibration: tuple[Step, ...]
    #: None if no photo has a histogram.
    coverage: Coverage | None
    #: By gender, by ethnicity and by both, where the labels tell.
    groupings: Mapping[str, Grouping]


def evaluate(values: Floats, spreads: Floats, photos: Sequence[LabelledPhoto]) -> Evaluation:
    """Measures predictions, of whatever scorer, against what raters said.

    Args:
        values: the predicted scores, shape (n,), n at least 1.
        spreads: the predicted standard deviations of the ratings, shape (n,).
        photos: the n photos they are of. Their order is of no effect.
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
        overall=agreement(values, rated),
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
        groups[name] = agreement(values[there], rated[there])
    compared = [group for group in groups.values() if group.photos >= LEAST_IN_GROUP]
    return Grouping(
        groups,
        mae_gap=_gap([group.mae.value for group in compared]),
        bias_gap=_gap([group.bias.value for group in compared]),
    )


def _gap(values: Sequence[float]) -> float | None:
    return max(values) - min(values) if len(values) > 1 else None
