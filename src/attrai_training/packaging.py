"""Conversion between weights files and networks to train."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from attrai.faces.alignment import TEMPLATE
from attrai.scoring.weights_file import ScorerSpec, ScorerWeights, WeightsError
from attrai_training.network import MEAN, SCALE, ScorerNetwork


def read_network(path: Path) -> ScorerNetwork:
    """Return the network in a scorer's weights file; without an age head in it, that is zero.

    Raises:
        WeightsError: the file can't be used.
    """
    network = ScorerNetwork()
    weights = ScorerWeights.read(path)
    tensors = {name: torch.from_numpy(array) for name, array in weights.tensors.items()}
    # The norms' batch counters are not used, and not every file has an age head.
    blank = {
        name: torch.zeros_like(tensor)
        for name, tensor in network.state_dict().items()
        if tensor.dtype == torch.int64 or name.startswith("age.")
    }
    try:
        network.load_state_dict(blank | tensors)
    except RuntimeError as error:
        raise WeightsError(f"{path}: no weights of a ResNet34: {error}") from error
    return network


def to_weights(network: ScorerNetwork, side: int, training: Mapping[str, Any]) -> ScorerWeights:
    """Return the content of a weights file for a network trained on crops of `side` pixels.

    An age head that has learnt nothing is left out: it would take everybody for a newborn.
    """
    aged = bool(network.age.weight.any())
    tensors = {
        # A network in training keeps its channels last.
        name: tensor.detach().cpu().contiguous().numpy()
        for name, tensor in network.state_dict().items()
        if tensor.dtype.is_floating_point and (aged or not name.startswith("age."))
    }
    spec = ScorerSpec(
        version=2 if aged else 1,
        architecture="resnet34",
        ratings=10,
        side=side,
        template=tuple((x, y) for x, y in TEMPLATE.tolist()),
        mean=MEAN,
        scale=SCALE,
        training=dict(training),
    )
    return ScorerWeights(spec, tensors)
