"""Face scoring: `Scorer` turns aligned crops into predicted ratings."""

from attrai.scoring.scorer import Scorer
from attrai.scoring.weights_file import PACKAGED, ScorerWeights

__all__ = ["PACKAGED", "Scorer", "ScorerWeights"]
