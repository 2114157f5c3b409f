"""Files like faceres.json and faceres.bin, of a network with random weights."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CHANNELS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)

#: The ages told apart, from 0.
AGES = 101

Tensors = dict[str, NDArray[np.float32]]


def tensors(seed: int) -> Tensors:
    """Random tensors with TensorFlow.js's names and shapes: height, width, inputs, outputs."""
    rng = np.random.default_rng(seed)

    def drawn(*shape: int, inputs: int) -> NDArray[np.float32]:
        return rng.normal(0, (2 / inputs) ** 0.5, shape).astype(np.float32)

    found = {"conv1/convolution/merged_input": drawn(3, 3, 3, 32, inputs=27 * 128**2)}
    found["conv1_bn/batchnorm_1/sub"] = drawn(32, inputs=200)
    for number, (inputs, outputs) in enumerate(pairwise(CHANNELS), 1):
        wide, deep = f"conv_dw_{number}", f"conv_pw_{number}"
        found[f"{wide}/depthwise_kernel"] = drawn(3, 3, inputs, 1, inputs=9)
        found[f"{wide}_bn/batchnorm_1/mul"] = 1 + drawn(1, 1, inputs, 1, inputs=200)
        found[f"{wide}_bn/batchnorm_1/sub"] = drawn(1, 1, 1, inputs, inputs=200)
        found[f"{deep}/convolution/merged_input"] = drawn(1, 1, inputs, outputs, inputs=inputs)
        found[f"{deep}_bn/batchnorm_1/sub"] = drawn(outputs, inputs=200)
    for name, length, outputs in (("feats", 1024, 256), ("age_pred", 256, AGES)):
        found[f"{name}/kernel"] = drawn(length, outputs, inputs=length)
        found[f"{name}/bias"] = drawn(outputs, inputs=200)
    return found


def write(path: Path, content: Tensors) -> Path:
    """Write `path` and the .bin next to it, in float16 as in the npm package."""
    entries = [
        {
            "name": name,
            "shape": tensor.shape,
            "dtype": "float32",
            "quantization": {"dtype": "float16", "original_dtype": "float32"},
        }
        for name, tensor in content.items()
    ]
    data = path.with_suffix(".bin")
    data.write_bytes(b"".join(tensor.astype("<f2").tobytes() for tensor in content.values()))
    path.write_text(json.dumps({"weightsManifest": [{"paths": [data.name], "weights": entries}]}))
    return path
