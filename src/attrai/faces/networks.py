"""The three networks of MTCNN, with the weights from facenet-pytorch.

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

#: Converted from facenet-pytorch's wheel. The file's metadata names the original files; README.md
#: has their licence.
WEIGHTS = Path(__file__).parent / "weights" / "mtcnn.safetensors"


def pnet(on: Layers[T], x: T) -> T:
    """Apply P-Net, the proposal network: (n, 3, h, w) -> (n, 5, h', w')."""
    x = on.max_pool(on.prelu(on.conv2d(x, "conv1"), "prelu1"), 2, 2, ceil=True)
    for layer in "23":
        x = on.prelu(on.conv2d(x, f"conv{layer}"), f"prelu{layer}")
    return on.conv2d(x, "conv4")


def rnet(on: Layers[T], x: T) -> T:
    """Apply R-Net, the refinement network: (n, 3, 24, 24) -> (n, 5)."""
    for layer in "12":
        x = on.prelu(on.conv2d(x, f"conv{layer}"), f"prelu{layer}")
        x = on.max_pool(x, 3, 2, ceil=True)
    x = on.prelu(on.conv2d(x, "conv3"), "prelu3")
    x = on.prelu(on.linear(on.flatten(x), "dense4"), "prelu4")
    return on.linear(x, "dense5")


def onet(on: Layers[T], x: T) -> T:
    """Apply O-Net, the output network: (n, 3, 48, 48) -> (n, 15)."""
    for layer, size in ("1", 3), ("2", 3), ("3", 2):
        x = on.prelu(on.conv2d(x, f"conv{layer}"), f"prelu{layer}")
        x = on.max_pool(x, size, 2, ceil=True)
    x = on.prelu(on.conv2d(x, "conv4"), "prelu4")
    x = on.prelu(on.linear(on.flatten(x), "dense5"), "prelu5")
    return on.linear(x, "dense6")


class CascadeNetworks(NamedTuple):
    """The three networks of MTCNN's cascade.

    The first five channels of each output are the logit of a face and the offsets of its box's
    four edges.

    - `pnet` takes images of any size and returns (n, 5, h, w), one position per 2 pixels.
    - `rnet` takes 24x24 images and returns (n, 5).
    - `onet` takes 48x48 images and returns (n, 15); the last ten are the landmarks.
    """

    pnet: Network
    rnet: Network
    onet: Network

    @classmethod
    def load(cls, engine: Engine) -> Self:
        """Load the networks with their packaged weights into `engine`."""
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
            # Few candidates get this far, and padding a batch costs as much as real images.
            network(onet, "onet", "dense6", 48, 1, 4),
        )


def _weights(tensors: Mapping[str, FloatArray], network: str, last: str) -> dict[str, FloatArray]:
    """Return one network's weights, with normalisation and output heads folded into its layers."""
    prefix = f"{network}."
    own = {k.removeprefix(prefix): w for k, w in tensors.items() if k.startswith(prefix)}
    # The input normalisation, (value - 127.5) / 128, is linear, so the first layer can absorb it.
    own["conv1.weight"] /= 128
    own["conv1.bias"] -= 127.5 * own["conv1.weight"].sum((1, 2, 3))
    for part in "weight", "bias":
        no_face, face = own.pop(f"{last}_1.{part}")
        # A softmax over two logits is the logistic function of their difference.
        heads = [(face - no_face)[np.newaxis], own.pop(f"{last}_2.{part}")]
        if f"{last}_3.{part}" in own:
            heads.append(own.pop(f"{last}_3.{part}"))
        own[f"{last}.{part}"] = np.concatenate(heads)
    return own
