"""The scorer `resnet34`, the default one: ResNet34 with weights made by `attrai train`."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from attrai.faces.alignment import CROP_SIDE, TEMPLATE
from attrai.inference import Engine, Model, Network
from attrai.scoring.ratings import moments
from attrai.scoring.resnet34 import fold_batch_norm, resnet34
from attrai.scoring.scorer import Predictions
from attrai.scoring.weights_file import PACKAGED, ScorerWeights, WeightsError
from attrai.settings import Settings


class ResNet34Scorer:
    """Predictor of faces' ratings, for all faces of a photo in one batch."""

    def __init__(self, network: Network, ratings: int) -> None:
        """Wrap a network.

        Args:
            network: Outputs a logit for each rating from 1 to `ratings`, and after them the
                apparent age in years, if it has an age head.
            ratings: The highest rating.
        """
        self._network = network
        self._ratings = ratings

    @classmethod
    def open(cls, settings: Settings, engine: Engine) -> Self:
        """Load the weights that the settings name, or the packaged ones.

        Raises:
            WeightsError: The file can't be used, or its weights are for other crops.
        """
        return cls.load(settings.weights or PACKAGED, engine)

    @classmethod
    def load(cls, path: Path, engine: Engine) -> Self:
        """Load the scorer's weights from the file at `path`.

        Raises:
            WeightsError: The file can't be used, or its weights are for other crops.
        """
        weights = ScorerWeights.read(path)
        try:
            return cls.of(weights, engine)
        except ValueError as error:
            raise WeightsError(f"{path}: {error}") from error

    @classmethod
    def of(cls, weights: ScorerWeights, engine: Engine) -> Self:
        """Create a scorer from weights in memory, as `load` does.

        Raises:
            ValueError: The weights are for other crops or another network.
        """
        spec = weights.spec
        if spec.side != CROP_SIDE or not np.allclose(spec.template, TEMPLATE):
            raise ValueError("was trained with other crops than are cut out here")
        tensors = fold_batch_norm(weights.tensors, spec.heads, spec.mean, spec.scale)
        # A batch of four takes a tenth less time than four single images.
        model = Model(resnet34, tensors, allow_half_precision=True, side=spec.side, batches=(1, 4))
        return cls(engine.load(model), spec.ratings)

    def predict(self, crops: NDArray[np.uint8]) -> Predictions:
        """Return what is predicted for each crop, in order; nothing is withheld.

        Args:
            crops: Aligned crops, RGB, shape (n, side, side, 3), n at least 1.
        """
        outputs = self._network(crops)
        logits, ages = np.split(outputs, [self._ratings], axis=1)
        known = ages[:, 0].astype(np.float64) if ages.size else None
        return Predictions(*moments(logits), known)
