"""A second face network: a MobileNet that recognises identity, age and gender.

`faceres` of A. V. Savchenko ("Efficient facial representations for age, gender and identity
recognition in organizing photo albums using multi-output ConvNet", PeerJ Computer Science 2019), as
the npm package @vladmandic/human distributes it for TensorFlow.js. It complements dlib's network:
regression on the features of both predicts ratings better than on either.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from attrai_training.errors import UnusableTeacher
from attrai_training.network import resized
from attrai_training.teachers import FaceNetwork

#: The side of the crops the network was trained on, in pixels.
SIDE = 224
#: The means subtracted from blue, green and red.
_MEAN = (103.939, 116.779, 123.68)
#: The channels of the first convolution and of each block, and the blocks that halve the sides.
_FIRST = 32
_CHANNELS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
_DOWN = (1, 3, 5, 11)
#: The blocks whose feature maps are returned.
_LEVELS = (7, 10, 12)
#: The length of a descriptor, the input of the layers for age and gender.
_DESCRIPTOR = 256


class _Convolution(nn.Conv2d):
    """A 3x3 convolution padded as in TensorFlow, which at stride 2 pads only the far ends."""

    def __init__(self, inputs: int, outputs: int, *, down: bool, groups: int = 1) -> None:
        self.down = down
        padding = 0 if down else 1
        super().__init__(inputs, outputs, 3, 2 if down else 1, padding, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.pad(x, (0, 1, 0, 1)) if self.down else x)


class MobileNet(FaceNetwork):
    """A MobileNet with its batch norms folded into the convolutions.

    A. G. Howard et al.: "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
    Applications", 2017.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = _Convolution(3, _FIRST, down=True)
        blocks, inputs = [], _FIRST
        for number, channels in enumerate(_CHANNELS):
            depthwise = _Convolution(inputs, inputs, down=number in _DOWN, groups=inputs)
            pointwise = nn.Conv2d(inputs, channels, 1)
            blocks.append(nn.Sequential(depthwise, nn.ReLU6(), pointwise, nn.ReLU6()))
            inputs = channels
        self.blocks = nn.ModuleList(blocks)
        self.fc = nn.Linear(inputs, _DESCRIPTOR)

    @classmethod
    def load(cls, path: Path) -> MobileNet:
        """Load the network, for inference only.

        Args:
            path: faceres.json; faceres.bin lies next to it.

        Raises:
            UnusableTeacher: a file is missing or holds something else.
        """
        network = cls()
        try:
            network.load_state_dict(_named(_tensors(path)))
        except OSError as error:
            raise UnusableTeacher(f"{path}: {error}") from error
        except (ValueError, LookupError, TypeError, RuntimeError) as error:
            raise UnusableTeacher(f"{path}: is not the network faceres: {error!r}") from error
        network.freeze()
        return network

    def levels(self, crops: Tensor) -> list[Tensor]:
        """Return two feature maps of 14 x 14 cells and the last one, of 7 x 7."""
        bgr = resized(crops.float(), SIDE).flip(1)
        x = functional.relu6(self.first(bgr - bgr.new_tensor(_MEAN).view(3, 1, 1)))
        levels = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in _LEVELS:
                levels.append(x)
        return levels

    def descriptors(self, features: Tensor) -> Tensor:
        """Map mean features to the age and gender layers' inputs, shape (n, 1024) -> (n, 256)."""
        return functional.relu(self.fc(features))


def _tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read the tensors of a TensorFlow.js model, by name."""
    found = {}
    for group in json.loads(path.read_text())["weightsManifest"]:
        data = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        start = 0
        for entry in group["weights"]:
            kind, count = _kind_of(entry), math.prod(entry["shape"])
            values = np.frombuffer(data, kind, count, start)
            found[entry["name"]] = values.reshape(entry["shape"]).astype(np.float32)
            start += values.nbytes
    return found


def _kind_of(entry: dict[str, Any]) -> str:
    if entry.get("quantization", {}).get("dtype") == "float16":
        return "<f2"
    return {"float32": "<f4", "int32": "<i4"}[entry["dtype"]]


def _named(tensors: dict[str, NDArray[np.float32]]) -> dict[str, Tensor]:
    """Return the network's tensors under torch's names and in torch's order of dimensions."""

    def kernel(name: str) -> NDArray[np.float32]:
        return tensors[f"{name}/convolution/merged_input"].transpose(3, 2, 0, 1)

    def bias(name: str) -> NDArray[np.float32]:
        return tensors[f"{name}_bn/batchnorm_1/sub"].ravel()

    found = {"first.weight": kernel("conv1"), "first.bias": bias("conv1")}
    for number in range(len(_CHANNELS)):
        wide, deep = f"conv_dw_{number + 1}", f"conv_pw_{number + 1}"
        scale = tensors[f"{wide}_bn/batchnorm_1/mul"].ravel()
        depthwise = tensors[f"{wide}/depthwise_kernel"].transpose(2, 3, 0, 1)
        found[f"blocks.{number}.0.weight"] = depthwise * scale[:, None, None, None]
        found[f"blocks.{number}.0.bias"] = bias(wide)
        found[f"blocks.{number}.2.weight"] = kernel(deep)
        found[f"blocks.{number}.2.bias"] = bias(deep)
    found["fc.weight"], found["fc.bias"] = tensors["feats/kernel"].T, tensors["feats/bias"]
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in found.items()}
