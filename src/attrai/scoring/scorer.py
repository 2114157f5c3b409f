"""The scorer: aligned crops -> mean and spread of the ratings that raters would give.

A face whose apparent age is below the minimum leaves it without a score.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from attrai.faces.alignment import CROP_SIDE, TEMPLATE
from attrai.inference import Engine, FloatArray, Model, Network
from attrai.job import Score
from attrai.scoring.resnet34 import fold_batch_norm, resnet34
from attrai.scoring.weights_file import PACKAGED, ScorerWeights, WeightsError
from attrai.settings import Settings

# Not structlog, which would write to a Python program's standard output where nobody configured it.
log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


class Predictions(NamedTuple):
    """What the network predicts for n faces, whatever their age."""

    #: The mean ratings, shape (n,).
    values: Floats
    #: The standard deviations of the ratings, shape (n,).
    spreads: Floats
    #: The apparent ages in years, shape (n,); None if the weights have no age head.
    ages: Floats | None


class Scorer:
    """Predictor of faces' ratings, for all faces of a photo in one batch."""

    def __init__(self, network: Network, ratings: int, minimum_age: float = 0) -> None:
        """Wrap a network.

        Args:
            network: Outputs a logit for each rating from 1 to `ratings`, and after them the
                apparent age in years, if it has an age head.
            ratings: The highest rating.
            minimum_age: Apparent age in years below which a face gets no score; 0 for none.
        """
        self._network = network
        self._ratings = ratings
        self._minimum_age = minimum_age

    @classmethod
    def open(cls, settings: Settings, engine: Engine) -> Self:
        """Load the scorer that the settings name, or the packaged one.

        Raises:
            WeightsError: The file can't be used, or its weights are for other crops.
        """
        return cls.load(settings.weights or PACKAGED, engine, settings.minimum_age)

    @classmethod
    def load(cls, path: Path, engine: Engine, minimum_age: float = 0) -> Self:
        """Load the scorer's weights from the file at `path`.

        Args:
            path: The file.
            engine: Computes the network.
            minimum_age: Apparent age in years below which a face gets no score; 0 for none.

        Raises:
            WeightsError: The file can't be used, or its weights are for other crops.
        """
        weights = ScorerWeights.read(path)
        try:
            return cls.of(weights, engine, minimum_age)
        except ValueError as error:
            raise WeightsError(f"{path}: {error}") from error

    @classmethod
    def of(cls, weights: ScorerWeights, engine: Engine, minimum_age: float = 0) -> Self:
        """Create a scorer from weights in memory, as `load` does.

        Raises:
            ValueError: The weights are for other crops or another network.
        """
        spec = weights.spec
        if spec.side != CROP_SIDE or not np.allclose(spec.template, TEMPLATE):
            raise ValueError("was trained with other crops than are cut out here")
        tensors = fold_batch_norm(weights.tensors, spec.heads, spec.mean, spec.scale)
        if minimum_age and "age" not in spec.heads:
            log.info("weights have no age head: children are scored like adults")
        # A batch of four takes a tenth less time than four single images.
        model = Model(resnet34, tensors, allow_half_precision=True, side=spec.side, batches=(1, 4))
        return cls(engine.load(model), spec.ratings, minimum_age)

    def __call__(self, crops: NDArray[np.uint8]) -> tuple[Score | None, ...]:
        """Return one score per crop, in order, and None for a face that looks like a minor's.

        Args:
            crops: Aligned crops, RGB, shape (n, side, side, 3), n at least 1.
        """
        values, spreads, ages = self.predict(crops)
        known = np.full(len(values), np.inf) if ages is None else ages
        return tuple(
            # An age that is no number is no reason for a score.
            Score(value=float(value), spread=float(spread))
            if self._minimum_age == 0 or age >= self._minimum_age
            else None
            for value, spread, age in zip(values, spreads, known, strict=True)
        )

    def predict(self, crops: NDArray[np.uint8]) -> Predictions:
        """Return what is predicted for each crop, in order; nothing is withheld.

        Args:
            crops: Aligned crops, RGB, shape (n, side, side, 3), n at least 1.
        """
        outputs = self._network(crops)
        logits, ages = np.split(outputs, [self._ratings], axis=1)
        known = ages[:, 0].astype(np.float64) if ages.size else None
        return Predictions(*moments(logits), known)


def moments(logits: FloatArray | Floats) -> tuple[Floats, Floats]:
    """Return the mean and standard deviation of each predicted rating distribution.

    Args:
        logits: Of the ratings from 1 to n, shape (faces, n).
    """
    ratings = np.arange(1, logits.shape[1] + 1)
    odds = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    distribution = odds / odds.sum(axis=1, keepdims=True)
    mean = distribution @ ratings
    variance = (distribution * (ratings - mean[:, None]) ** 2).sum(axis=1)
    # Rounding errors can push the mean slightly out of its range.
    return mean.clip(ratings[0], ratings[-1]), np.sqrt(variance)
