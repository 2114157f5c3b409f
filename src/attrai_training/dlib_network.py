"""dlib's face network, which initialises the ResNet34 and is one of its teachers.

D. E. King's `dlib_face_recognition_resnet_model_v1`, in the public domain: a residual network of 29
convolutions that recognises people, trained on about 3 million faces.
"""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from attrai_training.errors import UnusableTeacher
from attrai_training.network import normalised, resized
from attrai_training.teachers import FaceNetwork, mean_over_map

#: The side of the crops the network was trained on, in pixels.
SIDE = 150
#: The channels of each block, and the blocks that halve height and width.
CHANNELS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256, 256)
_DOWN = (3, 7, 10, 13)


class DlibNetwork(FaceNetwork):
    """The network, with its batch norms folded into the convolutions."""

    lengths = (256, 128)

    @classmethod
    def load(cls, path: Path) -> DlibNetwork:
        """Load the network from a safetensors file with dlib's numbers of convolutions.

        Raises:
            UnusableTeacher: the file is missing or holds something else.
        """
        try:
            tensors = load_file(path)
        except (OSError, SafetensorError) as error:
            raise UnusableTeacher(f"{path}: {error}") from error
        return cls._checked({name: tensor.float() for name, tensor in tensors.items()}, path)

    def features(self, crops: Tensor) -> list[Tensor]:
        """Return the means over the last feature map, and descriptors, which tell people apart."""
        x = functional.max_pool2d(self._conv(normalised(resized(crops, SIDE)), 0, 2).relu(), 3, 2)
        for block in range(len(CHANNELS)):
            down = block in _DOWN
            y = self._conv(x, 2 * block + 1, 1 + down, 1 - down).relu()
            y = self._conv(y, 2 * block + 2, 1, 1)
            x = _padded_sum(functional.avg_pool2d(x, 2) if down else x, y).relu()
        means = mean_over_map(x)
        return [means, means @ self.tensors["fc.weight"].T]

    def convolution(self, number: int) -> tuple[Tensor, Tensor]:
        """Return the kernel and the bias of a convolution."""
        return self.tensors[f"conv{number:02}.weight"], self.tensors[f"conv{number:02}.bias"]

    def _conv(self, x: Tensor, number: int, stride: int, padding: int = 0) -> Tensor:
        return functional.conv2d(x, *self.convolution(number), stride, padding)


def _padded_sum(x: Tensor, y: Tensor) -> Tensor:
    """Add two tensors, zero-padded at the end of each dimension to the larger, as dlib does."""
    shape = [max(sides) for sides in zip(x.shape[1:], y.shape[1:], strict=True)]

    def padded(z: Tensor) -> Tensor:
        missing = [wanted - there for wanted, there in zip(shape, z.shape[1:], strict=True)]
        return functional.pad(z, (0, missing[2], 0, missing[1], 0, missing[0]))

    return padded(x) + padded(y)
