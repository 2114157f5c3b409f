"""The interface of inference engines: layers, models, networks, and the choice of an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from attrai.settings import EngineName

#: An engine's tensor, or a node of its graph. Images have shape (n, c, h, w).
T = TypeVar("T")


class Layers(Protocol[T]):
    """The layers that networks are built from; `name` is the prefix of a layer's weights."""

    def conv2d(self, x: T, name: str, stride: int = 1, padding: int = 0) -> T:
        """Apply a 2-D convolution with a bias; the weights determine the kernel's size."""
        ...

    def add_bias(self, x: T, name: str) -> T:
        """Add a bias to each channel."""
        ...

    def linear(self, x: T, name: str) -> T:
        """Apply a fully connected layer with a bias."""
        ...

    def relu(self, x: T) -> T:
        """Replace negative values by 0."""
        ...

    def prelu(self, x: T, name: str) -> T:
        """Multiply negative values by a learned weight of their channel."""
        ...

    def max_pool(self, x: T, size: int, stride: int, padding: int = 0, *, ceil: bool = False) -> T:
        """Apply max pooling; with `ceil` the last window may extend beyond the edge."""
        ...

    def add(self, x: T, y: T) -> T:
        """Add two tensors element by element."""
        ...

    def global_avg_pool(self, x: T) -> T:
        """Average each channel over the whole image: (n, c, h, w) -> (n, c)."""
        ...

    def flatten(self, x: T) -> T:
        """Flatten (n, c, h, w) to (n, w * h * c), in this order, which is MTCNN's."""
        ...


class Architecture(Protocol):
    """A network without its weights."""

    def __call__(self, on: Layers[T], x: T) -> T:
        """Compute the output for `x`, a batch of RGB images with values from 0 to 255."""
        ...


FloatArray = NDArray[np.float32]
Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Model:
    """A network with its weights."""

    architecture: Architecture
    #: NAME.weight and NAME.bias of each layer, in torch's layout.
    weights: Mapping[str, FloatArray]
    #: Whether half precision is accurate enough. It is where the output is used directly, but not
    #: where candidates compete: a tiny difference could let another one win.
    allow_half_precision: bool
    #: Side of the images, in pixels; None if it varies from image to image.
    side: int | None
    #: Batch sizes to run, in ascending order.
    batches: tuple[int, ...]


class Network(Protocol):
    """A function from a batch of images to one array; several threads may call it at once."""

    def __call__(self, images: Images) -> FloatArray:
        """Compute the output for RGB images of shape (n, height, width, 3), n at least 1."""
        ...


class Engine(Protocol):
    """A backend that computes networks."""

    #: Its name and the precision or device it uses, for the log.
    name: str

    def load(self, model: Model) -> Network:
        """Prepare a model for inference."""
        ...


#: Exists if NVIDIA's driver is loaded.
_NVIDIA = Path("/dev/nvidiactl")


def open_engine(name: EngineName, threads: int) -> Engine:
    """Open an inference engine.

    Args:
        name: The engine's name, or "auto" for torch if it can use a GPU, else OpenVINO
            (ATTRAI_ENGINE).
        threads: Number of threads that will call networks at once.
    """
    engine: Engine
    if name == "torch" or (name == "auto" and _torch_has_gpu()):
        from attrai.inference.torch_engine import TorchEngine  # noqa: PLC0415 - an extra

        engine = TorchEngine()
    else:
        # Not every process that imports this module computes networks.
        from attrai.inference.openvino_engine import OpenVinoEngine  # noqa: PLC0415

        engine = OpenVinoEngine(threads)
    return engine


def _torch_has_gpu() -> bool:
    """Return whether torch is installed with CUDA and finds a GPU."""
    if not (_NVIDIA.exists() and find_spec("torch")):
        return False  # importing torch takes seconds
    import torch  # noqa: PLC0415 - an extra

    return torch.cuda.is_available()
