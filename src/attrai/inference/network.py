"""What goes into an engine and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from attrai.inference.layers import Architecture

FloatArray = NDArray[np.float32]
Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Model:
    """A network with its weights."""

    architecture: Architecture
    #: By layer: NAME.weight and NAME.bias, in torch's layout.
    weights: Mapping[str, FloatArray]
    #: Whether its output is used as it is, so that half precision is good enough. Where
    #: candidates compete, a hair's breadth lets another one win.
    robust: bool
    #: Side of the images in pixels; None where it differs from one to the next.
    side: int | None
    #: How many images may be computed at once, the smallest number first.
    batches: tuple[int, ...]


class Network(Protocol):
    """A network from a batch of images to one array. May be called from several threads."""

    def __call__(self, images: Images) -> FloatArray:
        """The output for RGB images of shape (n, height, width, 3), n at least 1."""
        ...


class Engine(Protocol):
    """Something that computes networks."""

    #: Which one, and what it computes with.
    name: str

    def load(self, model: Model) -> Network:
        """Makes a network ready."""
        ...
