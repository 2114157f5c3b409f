"""The torch engine, which uses the GPU if there is one; the reference for the OpenVINO engine."""

from __future__ import annotations

import torch
from torch.nn import functional

from attrai.inference.engine import FloatArray, Images, Model, Network


class TorchEngine:
    """torch in single precision, with one thread."""

    def __init__(self) -> None:
        # Replicas share a machine's cores, so several threads in each would only compete.
        torch.set_num_threads(1)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self.name = f"torch, {self._device}"

    def load(self, model: Model) -> Network:
        """Move a model's weights to the device."""
        return TorchNetwork(model, self._device)


class TorchNetwork:
    """A `Network` computed by torch."""

    def __init__(self, model: Model, device: str) -> None:
        self._device = device
        self._architecture = model.architecture
        self._batch = model.batches[-1]
        self._layers = TorchLayers(
            # Images have their channels last in memory, so the kernels do too.
            {
                name: _channels_last(torch.from_numpy(w).to(device))
                for name, w in model.weights.items()
            }
        )

    def __call__(self, images: Images) -> FloatArray:
        """Compute the output for RGB images, in batches of the model's largest size."""
        with torch.inference_mode():
            batch = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2)
            parts = [
                self._architecture(self._layers, part.float()).cpu()
                for part in batch.split(self._batch)
            ]
            result: FloatArray = torch.cat(parts).numpy()
        return result


class TorchLayers:
    """`Layers` computed immediately by torch."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        self._weights = weights

    def conv2d(self, x: torch.Tensor, name: str, stride: int = 1, padding: int = 0) -> torch.Tensor:
        weight, bias = self._weights[name + ".weight"], self._weights[name + ".bias"]
        return functional.conv2d(x, weight, bias, stride, padding)

    def add_bias(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return x + self._weights[name + ".bias"].view(-1, 1, 1)

    def linear(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.linear(x, self._weights[name + ".weight"], self._weights[name + ".bias"])

    def relu(self, x: torch.Tensor) -> torch.Tensor:
        """Replace negative values by 0, in place."""
        return x.relu_()

    def prelu(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.prelu(x, self._weights[name + ".weight"])

    def max_pool(
        self, x: torch.Tensor, size: int, stride: int, padding: int = 0, *, ceil: bool = False
    ) -> torch.Tensor:
        return functional.max_pool2d(x, size, stride, padding, ceil_mode=ceil)

    def add(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Add `y` to `x` element by element, in place."""
        return x.add_(y)

    def global_avg_pool(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))

    def flatten(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 3, 2, 1).flatten(1)


def _channels_last(weight: torch.Tensor) -> torch.Tensor:
    kernel = weight.dim() == 4  # noqa: PLR2004 - (out, in, height, width)
    return weight.contiguous(memory_format=torch.channels_last) if kernel else weight
