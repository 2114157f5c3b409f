"""Evaluation of a scorer: labelled photos in, metrics with their uncertainty out.

read_labels  labels.csv -> labelled photos, and the reasons why other rows are unusable load_crops
photos -> the crops of their faces, cut as the service does predict      crops -> scores and spreads
evaluate     predictions -> metrics, overall and by group assess       photos -> metrics: the last
three together

`report` and `plots` turn the metrics into tables, JSON and charts.
"""

from attrai_training.evaluation.cache import CropShape
from attrai_training.evaluation.crops import Crops, cut_crops, load_crops
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
from attrai_training.evaluation.metrics import Estimate

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
