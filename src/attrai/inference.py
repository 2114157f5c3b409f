"""Networks as functions on numpy arrays, so that nothing else handles tensors.

One thread per process: replicas share a machine's cores evenly, and a photo's share of the
machine does not depend on what else runs there.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

#: Bounds the memory of one call, however many faces a photo pretends to have.
MAX_BATCH = 256


class Network(Protocol):
    """A network whose only input is a batch of images."""

    def __call__(self, images: FloatArray) -> tuple[FloatArray, ...]:
        """One array per output, for images of shape (n, height, width, 3), n at least 1."""
        ...


class TorchNetwork:
    """A torch module on the CPU, in evaluation mode."""

    def __init__(self, module: torch.nn.Module) -> None:
        torch.set_num_threads(1)
        # Images lie channels last in memory. Kept so, pooling and the small networks run up
        # to three times faster than with the channels first.
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types lack it
        self._module = module.eval().requires_grad_(requires_grad=False)

    def __call__(self, images: FloatArray) -> tuple[FloatArray, ...]:
        """Runs the module; see `Network`."""
        batch = torch.from_numpy(images).permute(0, 3, 1, 2)
        with torch.inference_mode():
            parts = [self._run(part) for part in batch.split(MAX_BATCH)]
        return tuple(np.concatenate(output) for output in zip(*parts, strict=True))

    def _run(self, batch: torch.Tensor) -> tuple[FloatArray, ...]:
        outputs = self._module(batch)
        if isinstance(outputs, torch.Tensor):
            outputs = (outputs,)
        return tuple(output.numpy() for output in outputs)
