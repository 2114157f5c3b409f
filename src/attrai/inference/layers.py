"""The layers that networks are made of, whatever computes them."""

from __future__ import annotations

from typing import Protocol, TypeVar

#: What an engine calls a tensor, or a place in its graph; images have shape (n, c, h, w).
T = TypeVar("T")


class Layers(Protocol[T]):
    """One method a layer; `name` is the prefix of its weights."""

    def convolution(self, x: T, name: str, stride: int = 1, padding: int = 0) -> T:
        """With a bias; the kernel's size is that of its weights."""
        ...

    def shift(self, x: T, name: str) -> T:
        """Adds a bias to each channel."""
        ...

    def dense(self, x: T, name: str) -> T:
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

    def average(self, x: T) -> T:
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
