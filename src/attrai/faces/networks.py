"""The three networks of MTCNN, with the weights that facenet-pytorch carries.

K. Zhang, Z. Zhang, Z. Li, Y. Qiao: "Joint Face Detection and Alignment using Multi-task
Cascaded Convolutional Networks", IEEE Signal Processing Letters 23 (10), 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from safetensors.numpy import load_file

from attrai.inference import Architecture, Engine, FloatArray, Layers, Model, Network, T

#: Of facenet-pytorch's wheel, whose files the metadata names; README.md has their licence.
WEIGHTS = Path(__file__).parent / "weights" / "mtcnn.safetensors"


def pnet(on: Layers[T], x: T) -> T:
    """P-Net."""
    x = on.max_pool(on.prelu(on.conv2d(x, "conv1"), "prelu1"), 2, 2, ceil=True)
    for layer in "23":
        x = on.prelu(on.conv2d(x, f"conv{layer}"), f"prelu{layer}")
    return on.conv2d(x, "conv4")


def rnet(on: Layers[T], x: T) -> T:
    """R-Net."""
    for layer in "12":
        x = on.prelu(on.conv2d(x, f"conv{layer}"), f"prelu{layer}")
        x = on.max_pool(x, 3, 2, ceil=True)
    x = on.prelu(on.conv2d(x, "conv3"), "prelu3")
    x = on.prelu(on.linear(on.flatten(x), "dense4"), "prelu4")
    return on.linear(x, "dense5")


def onet(on: Layers[T], x: T) -> T:
    """O-Net."""
    for layer, size in ("1", 3), ("2", 3), ("3", 2):
        x = on.prelu(on.conv2d(x, f"conv{layer}"), f"prelu{layer}")
        x = on.max_pool(x, size, 2, ceil=True)
    x = on.prelu(on.conv2d(x, "conv4"), "prelu4")
    x = on.prelu(on.linear(on.flatten(x), "dense5"), "prelu5")
    return on.linear(x, "dense6")


class CascadeNetworks(NamedTuple):
    """Each answers with the logit of a face, the offsets of its box's four edges, and more.

    - `pnet`, images of any size, one answer per 2 px: (n, 5, h, w).
    - `rnet`, 24x24: (n, 5).
    - `onet`, 48x48: (n, 15), the last ten being the landmarks.
    """

    pnet: Network
    rnet: Network
    onet: Network

    @classmethod
    def load(cls, engine: Engine) -> Self:
        """The networks with their packaged weights."""
        tensors = load_file(WEIGHTS)

        def network(
            architecture: Architecture, name: str, last: str, side: int | None, *batches: int
        ) -> Network:
            weights = _weights(tensors, name, last)
            return engine.load(
                Model(architecture, weights, allow_half_precision=False, side=side, batches=batches)
            )

        return cls(
            network(pnet, "pnet", "conv4", None, 1),
            network(rnet, "rnet", "dense5", 24, 16),
            # Often it is few that get here, and an image too many costs as much as any.
            network(onet, "onet", "dense6", 48, 1, 4),
        )


def _weights(tensors: Mapping[str, FloatArray], network: str, last: str) -> dict[str, FloatArray]:
    """The weights of one network, with its normalisation and its heads drawn together."""
    prefix = f"{network}."
    own = {k.removeprefix(prefix): w for k, w in tensors.items() if k.startswith(prefix)}
    # Normalisation, (value - 127.5) / 128, is linear, and so is the first layer.
    own["conv1.weight"] /= 128
    own["conv1.bias"] -= 127.5 * own["conv1.weight"].sum((1, 2, 3))
    for part in "weight", "bias":
        no_face, face = own.pop(f"{last}_1.{part}")
        # The softmax of two is the logistic function of their difference.
        heads = [(face - no_face)[np.newaxis], own.pop(f"{last}_2.{part}")]
        if f"{last}_3.{part}" in own:
            heads.append(own.pop(f"{last}_3.{part}"))
        own[f"{last}.{part}"] = np.concatenate(heads)
    return own
