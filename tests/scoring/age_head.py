"""The packaged weights with an age head of a test's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from attrai.inference import FloatArray
from attrai.scoring import PACKAGED, ScorerWeights

#: A head for which all faces look equally old, and one that can tell faces apart.
CONSTANT = np.zeros((1, 512), np.float32)
VARYING = np.random.default_rng(20).normal(0, 1, (1, 512)).astype(np.float32)


def without_age_head() -> ScorerWeights:
    """Return the packaged weights as version 1."""
    weights = ScorerWeights.read(PACKAGED)
    tensors = {name: each for name, each in weights.tensors.items() if not name.startswith("age.")}
    return ScorerWeights(weights.spec.model_copy(update={"version": 1}), tensors)


def with_age_head(weight: FloatArray, bias: float) -> ScorerWeights:
    """Return the packaged weights as version 2, with this head."""
    plain = without_age_head()
    head = {"age.weight": weight, "age.bias": np.array([bias], np.float32)}
    return ScorerWeights(plain.spec.model_copy(update={"version": 2}), plain.tensors | head)


def written(weights: ScorerWeights, path: Path) -> Path:
    """Write the weights to a file, and return its path."""
    weights.write(path)
    return path
