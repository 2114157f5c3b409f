"""Face networks whose knowledge the ResNet34 learns, used as they are."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor

from attrai.faces.alignment import CROP_SIDE
from attrai_training.errors import UnusableTeacher
from attrai_training.network import FEATURES, ScorerNetwork, resized


class FaceNetwork(ABC):
    """A network that was trained on faces."""

    #: The lengths of its kinds of features.
    lengths: ClassVar[tuple[int, ...]]

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self.tensors = tensors

    @classmethod
    def _checked(cls, tensors: dict[str, Tensor], path: Path) -> Self:
        """Return the network, after computing a face to see that all tensors are there and fit.

        Raises:
            UnusableTeacher: they are those of another network.
        """
        network = cls(tensors)
        try:
            network.features(torch.zeros(1, 3, 64, 64))
        except (KeyError, RuntimeError) as error:
            raise UnusableTeacher(f"{path}: is not the expected network: {error}") from error
        return network

    @abstractmethod
    def features(self, crops: Tensor) -> list[Tensor]:
        """Return kinds of features of RGB crops 0..255 of any side, shape (n, length) each."""

    def to(self, device: str) -> None:
        """Move the tensors to a device."""
        self.tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}


class AgeNetwork(FaceNetwork):
    """A network that also estimates ages."""

    @abstractmethod
    def ages(self, descriptors: Tensor) -> Tensor:
        """Estimate ages in years, shape (n,), from the last of the features; NaN if unknown."""


class OwnTeacher(AgeNetwork):
    """The network that a training starts from, which keeps what it knows by teaching it on."""

    lengths = (FEATURES,)

    def __init__(self, network: ScorerNetwork) -> None:
        self._network = copy.deepcopy(network).eval()
        super().__init__(dict(network.state_dict()))

    def features(self, crops: Tensor) -> list[Tensor]:
        """Return the input of its heads."""
        return [self._network.features(resized(crops.float(), CROP_SIDE))]

    def ages(self, descriptors: Tensor) -> Tensor:
        """Return what its second head says; NaN if that has learnt nothing."""
        ages: Tensor = self._network.age(descriptors)[:, 0]
        return ages if self._network.age.weight.any() else ages.fill_(torch.nan)

    def to(self, device: str) -> None:
        """Move the network to a device."""
        self._network.to(device)


def mean_over_map(feature_map: Tensor) -> Tensor:
    """Return the means over a feature map, shape (n, c, h, w) -> (n, c)."""
    return feature_map.float().mean((2, 3))
