"""dlib's face network, which initialises the ResNet34 and is one of its teachers.

D. E. King's `dlib_face_recognition_resnet_model_v1`, in the public domain: a residual network of 29
convolutions that recognises people, trained on about 3 million faces.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from attrai_training.errors import UnusableTeacher
from attrai_training.network import normalised
from attrai_training.teachers import FaceNetwork

#: The side of the crops the network was trained on, in pixels.
SIDE = 150
#: The length of a descriptor.
DESCRIPTOR = 128


#: The channels of each block, and the blocks that halve height and width.
_CHANNELS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256, 256)
_DOWN = (3, 7, 10, 13)


class FaceBlock(nn.Module):
    """A residual block of two 3x3 convolutions."""

    def __init__(self, inputs: int, channels: int, *, down: bool) -> None:
        """Build the block; `down` halves height and width, on the skip path by average pooling."""
        super().__init__()
        self.down = down
        self.first = nn.Conv2d(inputs, channels, 3, 2 if down else 1, 0 if down else 1)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Add the skip path to the output, both zero-padded to the larger of their shapes."""
        y = self.second(functional.relu(self.first(x)))
        skip = functional.avg_pool2d(x, 2) if self.down else x
        height, width = (max(pair) for pair in zip(skip.shape[2:], y.shape[2:], strict=True))
        return functional.relu(
            _padded(skip, y.shape[1], height, width) + _padded(y, y.shape[1], height, width)
        )


class Teacher(FaceNetwork):
    """dlib's face network, with its batch norms folded into the convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 32, 7, 2)
        blocks, inputs = [], 32
        for number, channels in enumerate(_CHANNELS):
            blocks.append(FaceBlock(inputs, channels, down=number in _DOWN))
            inputs = channels
        self.blocks = nn.ModuleList(blocks)
        self.fc = nn.Linear(inputs, DESCRIPTOR, bias=False)

    @classmethod
    def load(cls, path: Path) -> Teacher:
        """Load the network from `path`, for inference only.

        Raises:
            UnusableTeacher: the file is missing or holds something else.
        """
        try:
            tensors = load_file(path)
        except (OSError, SafetensorError) as error:
            raise UnusableTeacher(f"{path}: {error}") from error
        names = {"conv00": "first"}
        for number in range(len(_CHANNELS)):
            names[f"conv{2 * number + 1:02}"] = f"blocks.{number}.first"
            names[f"conv{2 * number + 2:02}"] = f"blocks.{number}.second"
        teacher = cls()
        try:
            teacher.load_state_dict(
                {_renamed(name, names): tensor.float() for name, tensor in tensors.items()}
            )
        except RuntimeError as error:
            raise UnusableTeacher(f"{path}: is not dlib's face network: {error}") from error
        teacher.freeze()
        return teacher

    def forward(self, crops: Tensor) -> Tensor:
        """Return descriptors, shape (n, 128), of RGB crops 0..255, shape (n, 3, 150, 150)."""
        return self.descriptors(self.levels(crops)[-1].mean((2, 3)))

    def levels(self, crops: Tensor) -> list[Tensor]:
        """Return the last feature map at each resolution.

        The highest resolution is left out: it says little about faces.
        """
        x = functional.max_pool2d(functional.relu(self.first(normalised(crops))), 3, 2)
        levels = []
        for number, block in enumerate(self.blocks):
            if number in _DOWN[1:]:
                levels.append(x)
            x = block(x)
        return [*levels, x]

    def descriptors(self, features: Tensor) -> Tensor:
        """Map mean features to descriptors, shape (n, 256) -> (n, 128)."""
        descriptors: Tensor = self.fc(features)
        return descriptors


def _renamed(name: str, names: Mapping[str, str]) -> str:
    layer, _, part = name.rpartition(".")
    return f"{names.get(layer, layer)}.{part}"


def _padded(x: Tensor, channels: int, height: int, width: int) -> Tensor:
    """Pad `x` with zeros at the end of each dimension, as dlib does to add unequal shapes."""
    missing = (0, width - x.shape[3], 0, height - x.shape[2], 0, channels - x.shape[1])
    return functional.pad(x, missing)
