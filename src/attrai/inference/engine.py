"""The layers that networks are made of, whatever computes them.

What goes into an engine and what comes out.

Which engine a process uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from attrai.settings import EngineName

#: What an engine calls a tensor, or a place in its graph; images have shape (n, c, h, w).
T = TypeVar("T")


class Layers(Protocol[T]):
    """One method a layer; `name` is the prefix of its weights."""

    def conv2d(self, x: T, name: str, stride: int = 1, padding: int = 0) -> T:
        """With a bias; the kernel's size is that of its weights."""
        ...

    def add_bias(self, x: T, name: str) -> T:
        """Adds a bias to each channel."""
        ...

    def linear(self, x: T, name: str) -> T:
        """Fully connected, with a bias."""
        ...

    def relu(self, x: T) -> T:
        """What is negative becomes 0."""
        ...

    def prelu(self, x: T, name: str) -> T:
        """What is negative is multiplied by a weight of its channel."""
        ...

    def max_pool(self, x: T, size: int, stride: int, padding: int = 0, *, ceil: bool = False) -> T:
        """With `ceil` the last window may reach over the edge."""
        ...

    def add(self, x: T, y: T) -> T:
        """The sum, element by element."""
        ...

    def global_avg_pool(self, x: T) -> T:
        """Of each channel over the whole image: (n, c, h, w) -> (n, c)."""
        ...

    def flatten(self, x: T) -> T:
        """(n, c, h, w) -> (n, w * h * c), in this order, which is MTCNN's."""
        ...


class Architecture(Protocol):
    """A network without its weights."""

    def __call__(self, on: Layers[T], x: T) -> T:
        """The output for `x`, a batch of RGB images with values from 0 to 255."""
        ...


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
    allow_half_precision: bool
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


log = structlog.get_logger(__name__)

#: Present where NVIDIA's driver is.
_NVIDIA = Path("/dev/nvidiactl")


def open_engine(name: EngineName, threads: int) -> Engine:
    """The engine of that name; auto takes the fastest one present.

    Args:
        name: ATTRAI_ENGINE.
        threads: how many threads will call networks at once.
    """
    if name == "auto":
        has_cuda = _NVIDIA.exists() and find_spec("torch")
        name = "openvino" if find_spec("openvino") and not has_cuda else "torch"
    engine: Engine
    if name == "openvino":
        from attrai.inference.openvino_engine import OpenVinoEngine  # noqa: PLC0415 - an extra

        engine = OpenVinoEngine(threads)
    else:
        from attrai.inference.torch_engine import TorchEngine  # noqa: PLC0415 - takes a second

        engine = TorchEngine()
    log.info("inference", engine=engine.name)
    return engine
