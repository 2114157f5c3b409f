"""The scorer: aligned crops -> the ratings that raters would give, as mean and spread."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from attrai import torchvision_shim
from attrai.contract import Score
from attrai.faces.alignment import CROP_SIDE, TEMPLATE
from attrai.inference import FloatArray, Network, TorchNetwork
from attrai.scoring.weights_file import ScorerSpec, ScorerWeights, WeightsError


class Scorer:
    """Scores all faces of a photo in one batch."""

    def __init__(self, network: Network, spec: ScorerSpec) -> None:
        """`network` takes normalised crops and puts out a logit for each rating."""
        self._network = network
        self._mean = np.array(spec.mean, np.float32)
        self._scale = np.float32(spec.scale)
        self._ratings = np.arange(1, spec.ratings + 1)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The scorer with the weights at `path`.

        Raises:
            WeightsError: the weights can't be used with these crops.
        """
        torchvision_shim.make_importable()
        from torchvision.models import resnet34  # noqa: PLC0415 - after the shim

        weights = ScorerWeights.read(path)
        spec = weights.spec
        if spec.side != CROP_SIDE or not np.allclose(spec.template, TEMPLATE):
            raise WeightsError(f"{path}: was trained with other crops than are cut out here")
        module = resnet34(num_classes=spec.ratings)
        try:
            module.load_state_dict(weights.tensors)
        except RuntimeError as error:
            raise WeightsError(f"{path}: {error}") from error
        return cls(TorchNetwork(module), spec)

    def __call__(self, crops: NDArray[np.uint8]) -> tuple[Score, ...]:
        """One score per crop.

        Args:
            crops: aligned crops, RGB, shape (n, side, side, 3), n at least 1.
        """
        (logits,) = self._network((crops - self._mean) / self._scale)
        return tuple(
            Score(value=float(value), spread=float(spread))
            for value, spread in zip(*self._moments(logits), strict=True)
        )

    def _moments(self, logits: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of the distributions over the ratings."""
        odds = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
        distribution = odds / odds.sum(axis=1, keepdims=True)
        mean = distribution @ self._ratings
        variance = (distribution * (self._ratings - mean[:, None]) ** 2).sum(axis=1)
        # Rounding may carry the mean a hair out of its range.
        return mean.clip(self._ratings[0], self._ratings[-1]), np.sqrt(variance)
