"""How good a scorer is: labelled photos in, figures with their uncertainty out.

    read_labels  labels.csv      -> labelled photos, and what is wrong with the other rows
    load_crops   photos          -> the crops of their faces, cut as the stages do it
    predict      crops           -> scores and spreads
    evaluate     predictions     -> figures, in all and per group
    assess       the last three

`report` and `plots` make of the figures what people and programs read.
"""

from attrai.scoring.evaluation.assessment import Assessment, assess
from attrai.scoring.evaluation.crops import Crops, cut_crops, load_crops
from attrai.scoring.evaluation.cutting import CropShape
from attrai.scoring.evaluation.figures import Figure
from attrai.scoring.evaluation.labels import (
    LabelledPhoto,
    LabelProblem,
    of_split,
    read_labels,
    require_enough,
)
from attrai.scoring.evaluation.measures import Evaluation, evaluate
from attrai.scoring.evaluation.predictions import Predictions, predict

__all__ = [
    "Assessment",
    "CropShape",
    "Crops",
    "Evaluation",
    "Figure",
    "LabelProblem",
    "LabelledPhoto",
    "Predictions",
    "assess",
    "cut_crops",
    "evaluate",
    "load_crops",
    "of_split",
    "predict",
    "read_labels",
    "require_enough",
]
