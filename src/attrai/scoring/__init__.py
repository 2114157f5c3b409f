"""Face scoring: `FaceScorer` turns aligned crops into scores.

`Scorer` is the protocol of what predicts ratings; `ResNet34Scorer` is the default.
"""

from attrai.scoring.resnet34_scorer import ResNet34Scorer
from attrai.scoring.scorer import SCORERS, FaceScorer, Predictions, Scorer, open_scorer
from attrai.scoring.weights_file import PACKAGED, ScorerWeights, WeightsError

__all__ = [
    "PACKAGED",
    "SCORERS",
    "FaceScorer",
    "Predictions",
    "ResNet34Scorer",
    "Scorer",
    "ScorerWeights",
    "WeightsError",
    "open_scorer",
]
