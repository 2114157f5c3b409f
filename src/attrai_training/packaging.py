"""Conversion between weights files and networks to train."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from attrai.faces.alignment import TEMPLATE
from attrai.scoring.weights_file import PACKAGED, ScorerSpec, ScorerWeights, WeightsError
from attrai_training.network import MEAN, SCALE, ResNet34

#: The mean and standard deviation with which torchvision's checkpoints normalise RGB values 0..1.
_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def initial_network(init: str, seed: int) -> ResNet34:
    """Return the network that a training starts from.

    Args:
        init: "packaged", "none", or a file: a scorer's weights, or torchvision's .pth.
        seed: the seed of a randomly initialised network.

    Raises:
        WeightsError: the file can't be used.
    """
    if init == "none":
        torch.manual_seed(seed)
        return ResNet34()
    if Path(init).suffix == ".pth":
        return network_from_torchvision(Path(init))
    path = PACKAGED if init == "packaged" else Path(init)
    weights = ScorerWeights.read(path)
    try:
        return network_from_weights(weights)
    except ValueError as error:
        raise WeightsError(f"{path}: {error}") from error


def network_from_weights(weights: ScorerWeights) -> ResNet34:
    """Return the network with a scorer's weights.

    Raises:
        ValueError: they are not those of a ResNet34 with 10 outputs.
    """
    return _loaded({name: torch.from_numpy(array) for name, array in weights.tensors.items()})


def network_from_torchvision(path: Path) -> ResNet34:
    """Return the network with the weights of torchvision's ResNet34, trained on ImageNet.

    Raises:
        WeightsError: the file can't be read or is of another network.
    """
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(f"{path}: is no checkpoint of torchvision's: {error}") from error
    blank = ResNet34().state_dict()
    fresh = {name: torch.zeros_like(blank[name]) for name in ("fc.weight", "fc.bias")}
    try:
        network = _loaded(dict(tensors) | fresh)
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{path}: {error}") from error
    _take_our_pixels(network)
    return network


def to_weights(network: ResNet34, side: int, training: Mapping[str, Any]) -> ScorerWeights:
    """Return the content of a weights file for a network trained on crops of `side` pixels."""
    tensors = {
        name: tensor.detach().cpu().numpy()
        for name, tensor in network.state_dict().items()
        if tensor.dtype.is_floating_point
    }
    spec = ScorerSpec(
        version=1,
        architecture="resnet34",
        ratings=10,
        side=side,
        template=tuple((x, y) for x, y in TEMPLATE.tolist()),
        mean=MEAN,
        scale=SCALE,
        training=dict(training),
    )
    return ScorerWeights(spec, tensors)


def _loaded(tensors: Mapping[str, Tensor]) -> ResNet34:
    network = ResNet34()
    wanted = network.state_dict()
    # The norms' batch counters are not used, and not every file has them.
    counts = {name: tensor for name, tensor in wanted.items() if tensor.dtype == torch.int64}
    known = {name: tensor for name, tensor in tensors.items() if name in wanted}
    try:
        network.load_state_dict(counts | known)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"no weights of a ResNet34: {error}") from error
    return network


@torch.no_grad()
def _take_our_pixels(network: ResNet34) -> None:
    """Fold ImageNet's normalisation into the first layer, so that it accepts our normalisation."""
    mean, deviation = torch.tensor(_IMAGENET_MEAN), torch.tensor(_IMAGENET_DEVIATION)
    gain = SCALE / 255 / deviation
    offset = (torch.tensor(MEAN) / 255 - mean) / deviation
    kernel = network.conv1.weight
    mean_of_norm = network.bn1.running_mean
    assert mean_of_norm is not None  # noqa: S101 - this norm tracks statistics
    mean_of_norm -= (kernel.sum((2, 3)) * offset).sum(1)
    kernel *= gain.view(1, 3, 1, 1)
