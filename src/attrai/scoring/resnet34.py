"""ResNet34 with torchvision's names and weights.

K. He, X. Zhang, S. Ren, J. Sun: "Deep Residual Learning for Image Recognition", CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from attrai.inference import FloatArray, Layers, T

#: How many blocks each of the four levels has.
_BLOCKS = (3, 4, 6, 3)
#: What batch norm adds to the variance.
_EPSILON = 1e-5


def resnet34(on: Layers[T], x: T) -> T:
    """The logits, for weights of which `folded` has taken the batch norms."""
    x = on.add_bias(x, "input")
    x = on.max_pool(on.relu(on.conv2d(x, "conv1", stride=2, padding=3)), 3, 2, padding=1)
    for level, block in _blocks():
        first = block == 0 and level > 1
        name, stride = f"layer{level}.{block}", 2 if first else 1
        skip = on.conv2d(x, f"{name}.downsample.0", stride=stride) if first else x
        y = on.relu(on.conv2d(x, f"{name}.conv1", stride=stride, padding=1))
        x = on.relu(on.add(on.conv2d(y, f"{name}.conv2", padding=1), skip))
    return on.linear(on.global_avg_pool(x), "fc")


def folded(
    tensors: Mapping[str, FloatArray], outputs: int, mean: tuple[float, ...], scale: float
) -> dict[str, FloatArray]:
    """The weights with each batch norm drawn into the convolution before it.

    Args:
        tensors: by torchvision's names.
        outputs: how many logits there are.
        mean: what a pixel's RGB values, 0..255, go in less, and
        scale: what they are divided by then.

    Raises:
        ValueError: a tensor is missing or has another shape than in a ResNet34.
    """

    def tensor(name: str, *shape: int) -> FloatArray:
        if name not in tensors or tensors[name].shape != shape:
            raise ValueError(f"there is no tensor {name} of the shape {shape}")
        return tensors[name]

    weights = {
        "fc.weight": tensor("fc.weight", outputs, 32 << len(_BLOCKS)),
        "fc.bias": tensor("fc.bias", outputs),
        "input.bias": -np.array(mean, np.float32),
    }
    for convolution, norm, shape in _convolutions():
        gain, shift, average, variance = (
            tensor(f"{norm}.{part}", shape[0])
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = gain / np.sqrt(variance + np.float32(_EPSILON))
        kernel = tensor(f"{convolution}.weight", *shape)
        weights[f"{convolution}.weight"] = kernel * gain[:, None, None, None]
        weights[f"{convolution}.bias"] = shift - average * gain
    weights["conv1.weight"] = weights["conv1.weight"] / np.float32(scale)
    return weights


def _blocks() -> Iterator[tuple[int, int]]:
    for level, blocks in enumerate(_BLOCKS, 1):
        for block in range(blocks):
            yield level, block


def _convolutions() -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Each convolution, its batch norm, and the shape of its kernel."""
    yield "conv1", "bn1", (64, 3, 7, 7)
    outputs = 64
    for level, block in _blocks():
        name, inputs, outputs = f"layer{level}.{block}", outputs, 32 << level
        yield f"{name}.conv1", f"{name}.bn1", (outputs, inputs, 3, 3)
        yield f"{name}.conv2", f"{name}.bn2", (outputs, outputs, 3, 3)
        if outputs != inputs:
            yield f"{name}.downsample.0", f"{name}.downsample.1", (outputs, inputs, 1, 1)
