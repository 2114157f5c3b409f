"""The interface of face networks, from whose features the ResNet34 learns."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

#: For regression, feature maps are averaged over a grid of this many cells a side.
_CELLS = 3


class FaceNetwork(nn.Module, ABC):
    """A network trained on faces, used as it is."""

    @abstractmethod
    def levels(self, crops: Tensor) -> list[Tensor]:
        """Return feature maps of RGB crops 0..255, shape (n, 3, side, side).

        The last map is that of the last layer.
        """

    @abstractmethod
    def descriptors(self, features: Tensor) -> Tensor:
        """Return the features that identify a person, from the means over the last feature map."""

    def embedding(self, crops: Tensor) -> Tensor:
        """Return the means over the last feature map, and the descriptors, shape (n, length)."""
        features = self.levels(crops)[-1].mean((2, 3))
        return torch.cat([features, self.descriptors(features)], 1)

    def regression_features(self, crops: Tensor) -> list[Tensor]:
        """Return the cells of each feature map, and the descriptors, shape (n, length) each.

        They are averaged with those of the mirrored crop, so mirroring doesn't change them.
        """
        both = zip(self._see(crops), self._see(crops.flip(3)), strict=True)
        return [(one + mirrored) / 2 for one, mirrored in both]

    def freeze(self) -> None:
        """Freeze the network and switch it to inference."""
        self.requires_grad_(requires_grad=False)
        self.eval()

    def _see(self, crops: Tensor) -> list[Tensor]:
        levels = self.levels(crops)
        cells = [min(_CELLS, level.shape[2]) for level in levels]
        grids = [
            functional.adaptive_avg_pool2d(level.float(), count).flatten(1)
            for level, count in zip(levels, cells, strict=True)
        ]
        return [*grids, self.descriptors(levels[-1].mean((2, 3))).float()]
