"""The ResNet34 as a torch module, with torchvision's layout and names.

K. He, X. Zhang, S. Ren, J. Sun: "Deep Residual Learning for Image Recognition", CVPR 2016.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

#: The length of a feature vector, the input of the last layer.
FEATURES = 512
RATINGS = 10
#: The mean subtracted from RGB values 0..255, and the number they are then divided by.
MEAN, SCALE = (122.782, 117.001, 104.298), 256.0


def normalised(crops: Tensor) -> Tensor:
    """Normalise RGB crops 0..255, shape (n, 3, h, w), as the networks expect them."""
    return (crops.float() - crops.new_tensor(MEAN, dtype=torch.float32).view(3, 1, 1)) / SCALE


def resized(crops: Tensor, side: int) -> Tensor:
    """Resize crops to `side` x `side` pixels, with antialiasing."""
    if crops.shape[2] == side:
        return crops
    return functional.interpolate(crops, (side, side), mode="bilinear", antialias=True)


class Block(nn.Module):
    """A residual block of two 3x3 convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Sequential | None = None
        if inputs != outputs:
            skip = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(skip, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape (n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        skip = x if self.downsample is None else self.downsample(x)
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        return functional.relu(self.bn2(self.conv2(y)) + skip, inplace=True)


class ResNet34(nn.Module):
    """A ResNet34 from RGB crops 0..255 to logits of the ratings 1 to 10."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _level(64, 64, 3)
        self.layer2 = _level(64, 128, 4)
        self.layer3 = _level(128, 256, 6)
        self.layer4 = _level(256, FEATURES, 3)
        self.fc = nn.Linear(FEATURES, RATINGS)
        nn.init.zeros_(self.fc.weight)  # zeros mark a network that has not learnt ratings

    def levels(self) -> list[list[Block]]:
        """Return the residual blocks, grouped by resolution and in order."""
        levels = (self.layer1, self.layer2, self.layer3, self.layer4)
        return [cast("list[Block]", list(level)) for level in levels]

    def features(self, crops: Tensor) -> Tensor:
        """Compute the features of crops, shape (n, 3, h, w) -> (n, 512)."""
        x = functional.relu(self.bn1(self.conv1(normalised(crops))), inplace=True)
        x = functional.max_pool2d(x, 3, 2, 1)
        for level in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = level(x)
        return x.mean((2, 3))

    def forward(self, crops: Tensor) -> Tensor:
        """Compute the logits of crops, shape (n, 3, h, w) -> (n, 10)."""
        logits: Tensor = self.fc(self.features(crops))
        return logits


def _level(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    first = Block(inputs, outputs, 1 if inputs == outputs else 2)
    return nn.Sequential(first, *(Block(outputs, outputs, 1) for _ in range(blocks - 1)))
