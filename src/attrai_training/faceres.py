"""A second face network: a MobileNet that recognises identity, age and gender.

`faceres` of A. V. Savchenko ("Efficient facial representations for age, gender and identity
recognition in organizing photo albums using multi-output ConvNet", PeerJ Computer Science 2019), as
the npm package @vladmandic/human distributes it for TensorFlow.js. It complements dlib's network:
regression on the features of both predicts ratings better than on either.

A. G. Howard et al.: "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
Applications", 2017.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from attrai_training.errors import UnusableTeacher
from attrai_training.network import resized
from attrai_training.teachers import AgeNetwork, mean_over_map

#: The side of the crops the network was trained on, in pixels.
SIDE = 224
#: The means subtracted from blue, green and red.
_MEAN = (103.939, 116.779, 123.68)
#: The number of blocks, those that halve the sides, and those whose feature maps are averaged.
_BLOCKS, _DOWN, _LEVELS = 13, (1, 3, 5, 11), (10, 12)


class Faceres(AgeNetwork):
    """The network, with its batch norms folded into the convolutions."""

    lengths = (512, 1024, 256)

    @classmethod
    def load(cls, path: Path) -> Faceres:
        """Load the network from faceres.json, beside which faceres.bin lies.

        Raises:
            UnusableTeacher: a file is missing or holds something else.
        """
        try:
            tensors = _in_torchs_order(_read(path))
        except OSError as error:
            raise UnusableTeacher(f"{path}: {error}") from error
        except (ValueError, LookupError, TypeError) as error:
            raise UnusableTeacher(f"{path}: is not the network faceres: {error!r}") from error
        return cls._checked(tensors, path)

    def features(self, crops: Tensor) -> list[Tensor]:
        """Return the means over two feature maps, and the input of the layer for ages."""
        bgr = resized(crops.float(), SIDE).flip(1)
        x = self._conv(bgr - bgr.new_tensor(_MEAN).view(3, 1, 1), "first", down=True)
        means = []
        for block in range(_BLOCKS):
            x = self._conv(x, f"{block}.depthwise", down=block in _DOWN, groups=x.shape[1])
            weight, bias = self.tensors[f"{block}.weight"], self.tensors[f"{block}.bias"]
            x = functional.relu6(functional.conv2d(x, weight, bias))
            if block in _LEVELS:
                means.append(mean_over_map(x))
        last = means[-1] @ self.tensors["feats.weight"] + self.tensors["feats.bias"]
        return [*means, last.relu()]

    def ages(self, descriptors: Tensor) -> Tensor:
        """Estimate ages in years, shape (n, 256) -> (n,)."""
        logits = descriptors @ self.tensors["age.weight"] + self.tensors["age.bias"]
        return logits.softmax(1) @ torch.arange(logits.shape[1]).to(logits)

    def _conv(self, x: Tensor, name: str, *, down: bool, groups: int = 1) -> Tensor:
        """Convolve 3x3, padded as in TensorFlow, which at stride 2 pads only the far ends."""
        x = functional.pad(x, (0, 1, 0, 1) if down else (1, 1, 1, 1))
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        return functional.relu6(functional.conv2d(x, weight, bias, 1 + down, groups=groups))


def _read(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a TensorFlow.js model, by name."""
    found = {}
    for group in json.loads(path.read_text())["weightsManifest"]:
        data = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        start = 0
        for entry in group["weights"]:
            half = entry.get("quantization", {}).get("dtype") == "float16"
            kind = "<f2" if half else {"float32": "<f4", "int32": "<i4"}[entry["dtype"]]
            values = np.frombuffer(data, kind, math.prod(entry["shape"]), start)
            found[entry["name"]] = torch.from_numpy(values.reshape(entry["shape"]).astype("f4"))
            start += values.nbytes
    return found


def _in_torchs_order(read: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors under short names and in torch's order of dimensions."""

    def dense(name: str, theirs: str) -> dict[str, Tensor]:
        return {f"{name}.weight": read[f"{theirs}/kernel"], f"{name}.bias": read[f"{theirs}/bias"]}

    def convolution(name: str, theirs: str) -> dict[str, Tensor]:
        kernel = read[f"{theirs}/convolution/merged_input"].permute(3, 2, 0, 1).contiguous()
        bias = read[f"{theirs}_bn/batchnorm_1/sub"].flatten()
        return {f"{name}.weight": kernel, f"{name}.bias": bias}

    found = convolution("first", "conv1") | dense("feats", "feats") | dense("age", "age_pred")
    for block in range(_BLOCKS):
        wide = f"conv_dw_{block + 1}"
        scale = read[f"{wide}_bn/batchnorm_1/mul"].view(-1, 1, 1, 1)
        kernel = read[f"{wide}/depthwise_kernel"].permute(2, 3, 0, 1)
        found[f"{block}.depthwise.weight"] = (kernel * scale).contiguous()
        found[f"{block}.depthwise.bias"] = read[f"{wide}_bn/batchnorm_1/sub"].flatten()
        found |= convolution(str(block), f"conv_pw_{block + 1}")
    return found
