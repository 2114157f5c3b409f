"""An assessment: how good a scorer is on labelled photos, from their files to the figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import open_engine
from attrai.scoring import Scorer
from attrai.scoring.evaluation.crops import load_crops
from attrai.scoring.evaluation.cutting import CropShape
from attrai.scoring.evaluation.labels import LabelledPhoto, LabelProblem
from attrai.scoring.evaluation.measures import Evaluation, evaluate
from attrai.scoring.evaluation.predictions import Predictions, predict
from attrai.settings import Settings


@dataclass(frozen=True)
class Assessment:
    """What came out."""

    #: The photos that were scored.
    photos: list[LabelledPhoto]
    predictions: Predictions
    evaluation: Evaluation
    #: Why the others were not.
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
    """Finds, cuts and scores the largest face of each photo as the stages do, and measures.

    Args:
        photos: those that `read_labels` found usable.
        weights: the scorer's.
        settings: what a photo may be, and what computes the networks.
        threads: how many photos are in work at once.
        searched: called with how many more photos have been searched for a face.
        scored: called with how many more faces have been scored.

    Raises:
        WeightsError: the scorer's weights can't be used.
        LabelsError: on too few photos a face was found.
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
