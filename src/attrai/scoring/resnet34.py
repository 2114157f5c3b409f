"""ResNet34 with torchvision's layer names and weight layout.

K. He, X. Zhang, S. Ren, J. Sun: "Deep Residual Learning for Image Recognition", CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from attrai.inference import FloatArray, Layers, T

#: Number of residual blocks in each of the four stages.
_BLOCKS = (3, 4, 6, 3)
#: Added to the variance by batch norm, for numerical stability.
_EPSILON = 1e-5


def resnet34(on: Layers[T], x: T) -> T:
    """Return the outputs of ResNet34's heads for a batch of images, side by side.

    The weights must come from `fold_batch_norm`, since there are no batch-norm layers.
    """
    x = on.add_bias(x, "input")
    x = on.max_pool(on.relu(on.conv2d(x, "conv1", stride=2, padding=3)), 3, 2, padding=1)
    for level, block in _blocks():
        first = block == 0 and level > 1
        name, stride = f"layer{level}.{block}", 2 if first else 1
        skip = on.conv2d(x, f"{name}.downsample.0", stride=stride) if first else x
        y = on.relu(on.conv2d(x, f"{name}.conv1", stride=stride, padding=1))
        x = on.relu(on.add(on.conv2d(y, f"{name}.conv2", padding=1), skip))
    return on.linear(on.global_avg_pool(x), "fc")


def fold_batch_norm(
    tensors: Mapping[str, FloatArray],
    heads: Mapping[str, int],
    mean: tuple[float, ...],
    scale: float,
) -> dict[str, FloatArray]:
    """Return the weights with each batch norm folded into the convolution before it.

    The input normalisation is folded in too, so the network takes RGB values from 0 to 255. All
    heads become one layer, so that a second one costs nothing.

    Args:
        tensors: The tensors by torchvision's names.
        heads: Number of outputs of each linear layer on the pooled features, by its name.
        mean: Mean to subtract from a pixel's RGB values, each from 0 to 255.
        scale: Divisor to apply after the mean is subtracted.

    Raises:
        ValueError: A tensor is missing or doesn't have its shape in ResNet34.
    """

    def tensor(name: str, *shape: int) -> FloatArray:
        if name not in tensors or tensors[name].shape != shape:
            raise ValueError(f"there is no tensor {name} of the shape {shape}")
        return tensors[name]

    weights = {
        "fc.weight": np.concatenate(
            [tensor(f"{head}.weight", n, 32 << len(_BLOCKS)) for head, n in heads.items()]
        ),
        "fc.bias": np.concatenate([tensor(f"{head}.bias", n) for head, n in heads.items()]),
        "input.bias": -np.array(mean, np.float32),
    }
    for convolution, norm, shape in convolutions():
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


def convolutions() -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yield the name of each convolution, the name of its batch norm, and its kernel's shape."""
    yield "conv1", "bn1", (64, 3, 7, 7)
    outputs = 64
    for level, block in _blocks():
        name, inputs, outputs = f"layer{level}.{block}", outputs, 32 << level
        yield f"{name}.conv1", f"{name}.bn1", (outputs, inputs, 3, 3)
        yield f"{name}.conv2", f"{name}.bn2", (outputs, outputs, 3, 3)
        if outputs != inputs:
            yield f"{name}.downsample.0", f"{name}.downsample.1", (outputs, inputs, 1, 1)
