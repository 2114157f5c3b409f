"""Evaluation of a scorer: labelled photos in, metrics with their uncertainty out.

    read_labels    labels.csv -> labelled photos, and why other rows are unusable
    read_ratings   ratings.csv -> single ratings; Raters corrects them for who gave them
    load_crops     photos -> the crops of their faces, cut as the service does
    predict        crops -> scores and spreads
    evaluate       predictions -> metrics, overall and by group

`report` and `plots` turn the metrics into tables, JSON and charts.
"""

from attrai_training.evaluation.crops import Crops, CropShape, cut_crops, load_crops
from attrai_training.evaluation.evaluate import (
    Evaluation,
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
from attrai_training.evaluation.raters import Raters, Ratings, ratings_in, read_ratings
from attrai_training.evaluation.scorers import open_scorers

__all__ = [
    "CropShape",
    "Crops",
    "Estimate",
    "Evaluation",
    "LabelProblem",
    "LabelledPhoto",
    "Raters",
    "Ratings",
    "cut_crops",
    "evaluate",
    "load_crops",
    "of_split",
    "open_scorers",
    "predict",
    "ratings_in",
    "read_labels",
    "read_ratings",
    "require_enough",
]
