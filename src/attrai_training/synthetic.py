"""Synthetic faces of people who don't exist, as further photos for distillation.

A ResNet34 that learns to describe faces needs no ratings but many faces, and a few thousand photos
are few. The generator is S. Belousov: "MobileStyleGAN: A Lightweight Convolutional Neural Network
for High-Fidelity Image Synthesis", 2021, trained on the photos of FFHQ.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray

from attrai.inference import Images
from attrai.storage import write_atomically
from attrai_training.errors import UnusableTeacher

#: The side of a picture, in pixels; the face fills half of it.
SIDE = 320
_JPEG_QUALITY = 95
#: The length of the random vector of a face, and the number of faces that the mean is taken over.
_NUMBERS, _FACES = 512, 4096
#: Truncation: faces are moved to between these shares of their distance from the mean face.
_DISTANCES = (0.6, 1.0)


class FaceGenerator:
    """A generator of face pictures from random vectors."""

    def __init__(self, folder: Path) -> None:
        """Read MappingNetwork.xml and SynthesisNetwork.xml, each with its .bin next to it.

        Raises:
            UnusableTeacher: a file is missing or holds something else.
        """
        mapping, synthesis = (
            _compiled(folder / f"{name}Network.xml") for name in ("Mapping", "Synthesis")
        )
        self._mapping, self._synthesis = mapping, synthesis
        # A fixed seed, so that a face depends on its own seed alone.
        rng = np.random.default_rng(0)
        styles = [self._style(rng.normal(size=(1, _NUMBERS))) for _ in range(_FACES)]
        self._mean = np.mean(styles, axis=0)

    def face(self, rng: np.random.Generator) -> Images:
        """Draw the picture of a face, RGB, shape (320, 320, 3)."""
        style = self._style(rng.normal(size=(1, _NUMBERS)))
        style = self._mean + rng.uniform(*_DISTANCES) * (style - self._mean)
        drawn = self._synthesis(style)[0][0].transpose(1, 2, 0)
        small = cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return np.asarray(((small + 1) * 127.5).round().clip(0, 255), np.uint8)

    def _style(self, drawn: NDArray[np.float64]) -> NDArray[np.float32]:
        style: NDArray[np.float32] = self._mapping(drawn.astype(np.float32))[0]
        return style


def generate_faces(
    generator: FaceGenerator, count: int, seed: int, out: Path, progress: Callable[[int], None]
) -> None:
    """Write `count` faces to a folder, as 00000.jpg and so on, and keep those already there.

    Raises:
        OSError: a file can't be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = out / f"{number:05}.jpg"
        if not path.exists():
            face = generator.face(np.random.default_rng([seed, number]))
            quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
            encoded = cv2.imencode(".jpg", cv2.cvtColor(face, cv2.COLOR_RGB2BGR), quality)[1]
            write_atomically(path, encoded.tobytes())
        progress(1)


def _compiled(path: Path) -> openvino.CompiledModel:
    if not path.exists():
        raise UnusableTeacher(f"{path}: no such file")
    try:
        return openvino.compile_model(path, "CPU")
    except RuntimeError as error:
        raise UnusableTeacher(f"{path.parent}: holds no generator of faces") from error
