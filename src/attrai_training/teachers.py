"""What networks that know faces have in common: the ResNet34 learns from what they see."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

#: For regression maps are averaged in so many cells a side.
_CELLS = 3


class FaceNetwork(nn.Module, ABC):
    """A network that was trained to tell something of faces, and is used as it is."""

    @abstractmethod
    def levels(self, crops: Tensor) -> list[Tensor]:
        """Some of its maps, the last one last, of RGB crops 0..255, shape (n, 3, side, side)."""

    @abstractmethod
    def descriptors(self, features: Tensor) -> Tensor:
        """What it tells persons apart by, of the means over its last maps."""

    def describe(self, crops: Tensor) -> Tensor:
        """The means over its last maps and the descriptors, shape (n, numbers)."""
        features = self.levels(crops)[-1].mean((2, 3))
        return torch.cat([features, self.descriptors(features)], 1)

    def see(self, crops: Tensor) -> list[Tensor]:
        """The cells of each of the maps, and the descriptors, shape (n, numbers) each.

        These are the same for a mirrored crop.
        """
        both = zip(self._see(crops), self._see(crops.flip(3)), strict=True)
        return [(one + mirrored) / 2 for one, mirrored in both]

    def for_use(self) -> None:
        """Learns nothing from here on."""
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
