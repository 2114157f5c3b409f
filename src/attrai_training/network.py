"""The network in training: the service's ResNet34 with batch norms that learn, and two heads."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from attrai.inference.torch_engine import TorchLayers
from attrai.scoring.resnet34 import convolutions, resnet34

#: The length of a feature vector, the input of the heads.
FEATURES = 512
RATINGS = 10
#: The mean subtracted from RGB values 0..255, and the number they are then divided by.
MEAN, SCALE = (122.782, 117.001, 104.298), 256.0


def normalised(crops: Tensor) -> Tensor:
    """Normalise RGB crops 0..255, shape (n, 3, h, w), as the networks expect them."""
    return (crops.float() - crops.new_tensor(MEAN, dtype=torch.float32).view(3, 1, 1)) / SCALE


def resized(crops: Tensor, side: int) -> Tensor:
    """Resize crops to `side` x `side` pixels, with antialiasing."""
    if crops.shape[2] == side:
        return crops
    return functional.interpolate(crops, (side, side), mode="bilinear", antialias=True)


class ScorerNetwork(nn.Module):
    """The ResNet34 of the service, with a head for ratings and one for the age.

    Tensors have the names that they have in a weights file.
    """

    def __init__(self) -> None:
        super().__init__()
        for name, norm, (outputs, inputs, size, _) in convolutions():
            _add(self, name, nn.Conv2d(inputs, outputs, size, bias=False))
            _add(self, norm, nn.BatchNorm2d(outputs))
        self.fc = nn.Linear(FEATURES, RATINGS)
        self.age = nn.Linear(FEATURES, 1)
        for head in (self.fc, self.age):
            nn.init.zeros_(head.weight)  # which marks a head that has learnt nothing

    def features(self, crops: Tensor) -> Tensor:
        """Compute the features of RGB crops 0..255, shape (n, 3, h, w) -> (n, 512)."""
        return resnet34(_TrainableLayers(self), crops)

    def forward(self, crops: Tensor) -> Tensor:
        """Compute the logits of crops, shape (n, 3, h, w) -> (n, 10)."""
        logits: Tensor = self.fc(self.features(crops))
        return logits


class _TrainableLayers(TorchLayers):
    """Layers whose convolutions are followed by a batch norm, up to the features."""

    def __init__(self, network: ScorerNetwork) -> None:
        super().__init__({})
        self._network = network

    def conv2d(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        weight = cast("Tensor", self._network.get_parameter(f"{name}.weight"))
        norm = self._network.get_submodule(_NORMS[name])
        normed: Tensor = norm(functional.conv2d(x, weight, None, stride, padding))
        return normed

    def add_bias(self, x: Tensor, name: str) -> Tensor:  # noqa: ARG002 - the interface has it
        """Normalise the input, which the service folds into the first layer."""
        return normalised(x)

    def linear(self, x: Tensor, name: str) -> Tensor:  # noqa: ARG002 - the interface has it
        """Return the features themselves, for the heads."""
        return x


_NORMS = {name: norm for name, norm, _ in convolutions()}


def _add(network: nn.Module, name: str, layer: nn.Module) -> None:
    """Add a layer under a name with dots."""
    *folders, last = name.split(".")
    for folder in folders:
        if not hasattr(network, folder):
            network.add_module(folder, nn.Module())
        network = network.get_submodule(folder)
    network.add_module(last, layer)
