"""How good a scorer is: labelled photos in, estimates with their uncertainty out.

    read_labels  labels.csv      -> labelled photos, and what is wrong with the other rows
    load_crops   photos          -> the crops of their faces, cut as the stages do it
    predict      crops           -> scores and spreads
    evaluate     predictions     -> estimates, in all and per group
    assess       the last three

`report` and `plots` make of the estimates what people and programs read.
"""

from attrai_training.evaluation.cache import CropShape
from attrai_training.evaluation.crops import Crops, cut_crops, load_crops
from attrai_training.evaluation.estimate import Estimate
from attrai_training.evaluation.evaluate import (
    Assessment,
    Evaluation,
    Predictions,
    assess,
    evaluate,
    predict,
)
from attrai_training.evaluation.labels import (
    LabelledPhoto,
    LabelProblem,
    of_split,
    read_labels,
    require_enough,
)

__all__ = [
    "Assessment",
    "CropShape",
    "Crops",
    "Estimate",
    "Evaluation",
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
