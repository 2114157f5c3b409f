"""Teachers for tests: one that sees how bright a face is, and files of networks that know nothing.

Nothing here has learnt anything: what the real networks know is not what these tests are about.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from attrai.inference import Images
from attrai_training.description import Teachers
from attrai_training.dlib_network import CHANNELS
from attrai_training.loop import Device
from attrai_training.teachers import AgeNetwork
from attrai_training.views import MARGIN, SIDE
from tests.training import faceres

DEVICE = Device("cpu", half=False, threads=torch.get_num_threads())
#: The side of a crop with its surroundings.
WHOLE = SIDE + 2 * round(MARGIN * SIDE)


class Light(AgeNetwork):
    """Sees the mean of each channel, and takes the blue one for the age."""

    lengths = (3,)

    def __init__(self) -> None:
        super().__init__({"none": torch.zeros(1)})
        self.looks = 0  #: how often it has been asked

    def features(self, crops: Tensor) -> list[Tensor]:
        self.looks += 1
        return [crops.mean((2, 3))]

    def ages(self, descriptors: Tensor) -> Tensor:
        return descriptors[:, 2]


def light_teachers(light: Light) -> Teachers:
    return Teachers(None, light, DEVICE)


def quiet(_what: str, _total: int) -> Callable[[int], None]:
    """Stands for a progress bar that nobody sees."""
    return lambda _steps: None


def faces(light: np.ndarray) -> Images:
    """Return faces, in their surroundings, whose brightness is `light`, in 0 to 255."""
    noise = np.random.default_rng(0).integers(-9, 10, (len(light), WHOLE, WHOLE, 3))
    return (noise + light[:, None, None, None]).clip(0, 255).astype(np.uint8)


def dlib_tensors(seed: int) -> dict[str, Tensor]:
    """Return random tensors with the names and shapes of dlib's network."""
    torch.manual_seed(seed)
    shapes = [(32, 3, 7, 7)]
    for inputs, outputs in zip((32, *CHANNELS), CHANNELS, strict=False):
        shapes += [(outputs, inputs, 3, 3), (outputs, outputs, 3, 3)]
    tensors = {"fc.weight": torch.randn(128, 256) / 16}
    for number, shape in enumerate(shapes):
        size = np.prod(shape[1:]).item()
        tensors[f"conv{number:02}.weight"] = torch.randn(shape) / size**0.5
        tensors[f"conv{number:02}.bias"] = torch.randn(shape[0]) / 10
    return tensors


def teachers_folder(folder: Path, *, all_alike: bool = False) -> Path:
    """Write the files of both networks, for which all photos show other people, or the same one."""
    tensors = dlib_tensors(0)
    tensors["fc.weight"] *= 0 if all_alike else 1e3
    folder.mkdir()
    save_file(tensors, folder / "face_resnet29_embedding.safetensors")
    faceres.write(folder / "faceres.json", faceres.tensors(0))
    return folder
