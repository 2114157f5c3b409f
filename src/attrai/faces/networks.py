"""The three networks of MTCNN with the weights that facenet-pytorch carries.

K. Zhang, Z. Zhang, Z. Li, Y. Qiao: "Joint Face Detection and Alignment using Multi-task
Cascaded Convolutional Networks", IEEE Signal Processing Letters 23 (10), 2016.
"""

from __future__ import annotations

from typing import NamedTuple, Self

from attrai import torchvision_shim
from attrai.inference import Network, TorchNetwork


class CascadeNetworks(NamedTuple):
    """Each takes RGB crops, (value - 127.5) / 128, and puts out a face's probability last.

    - `propose` (P-Net), any size, one answer per 2 px: offsets (n, 4, h, w), (n, 2, h, w).
    - `refine` (R-Net), 24x24: offsets (n, 4), probabilities (n, 2).
    - `locate` (O-Net), 48x48: offsets (n, 4), landmarks (n, 10), probabilities (n, 2).
    """

    propose: Network
    refine: Network
    locate: Network

    @classmethod
    def load(cls) -> Self:
        """The networks of facenet-pytorch's wheel, on torch."""
        torchvision_shim.make_importable()
        from facenet_pytorch import ONet, PNet, RNet  # noqa: PLC0415 - after the shim

        return cls(*(TorchNetwork(network()) for network in (PNet, RNet, ONet)))
