"""The scorer: aligned crops -> mean and spread of the ratings that raters would give."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from attrai.faces.alignment import CROP_SIDE, TEMPLATE
from attrai.inference import Engine, FloatArray, Model, Network
from attrai.job import Score
from attrai.scoring.resnet34 import fold_batch_norm, resnet34
from attrai.scoring.weights_file import PACKAGED, ScorerWeights, WeightsError
from attrai.settings import Settings


class Scorer:
    """Predictor of faces' ratings, for all faces of a photo in one batch."""

    def __init__(self, network: Network, ratings: int) -> None:
        """Wrap `network`, which outputs a logit for each rating from 1 to `ratings`."""
        self._network = network
        self._ratings = np.arange(1, ratings + 1)

    @classmethod
    def open(cls, settings: Settings, engine: Engine) -> Self:
        """Load the scorer that the settings name, or the packaged one.

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
        """Create a scorer from weights in memory.

        Raises:
            ValueError: The weights are for other crops or another network.
        """
        spec = weights.spec
        if spec.side != CROP_SIDE or not np.allclose(spec.template, TEMPLATE):
            raise ValueError("was trained with other crops than are cut out here")
        tensors = fold_batch_norm(weights.tensors, spec.ratings, spec.mean, spec.scale)
        # A batch of four takes a tenth less time than four single images.
        model = Model(resnet34, tensors, allow_half_precision=True, side=spec.side, batches=(1, 4))
        return cls(engine.load(model), spec.ratings)

    def __call__(self, crops: NDArray[np.uint8]) -> tuple[Score, ...]:
        """Return one score per crop, in order.

        Args:
            crops: Aligned crops, RGB, shape (n, side, side, 3), n at least 1.
        """
        logits = self._network(crops)
        return tuple(
            Score(value=float(value), spread=float(spread))
            for value, spread in zip(*self._moments(logits), strict=True)
        )

    def _moments(self, logits: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the mean and standard deviation of each predicted rating distribution."""
        odds = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
        distribution = odds / odds.sum(axis=1, keepdims=True)
        mean = distribution @ self._ratings
        variance = (distribution * (self._ratings - mean[:, None]) ** 2).sum(axis=1)
        # Rounding errors can push the mean slightly out of its range.
        return mean.clip(self._ratings[0], self._ratings[-1]), np.sqrt(variance)
