"""Faces of people who don't exist, to learn from what teachers say of them.

A ResNet34 that learns to describe faces needs no ratings but many faces, and some thousand photos
are few. S. Belousov: "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity
Image Synthesis", 2021; trained on the photos of FFHQ.
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

#: Side of a picture, in pixels; a face fills half of it.
SIDE = 320
_JPEG_QUALITY = 95
#: Numbers that a face is drawn by, and how many faces the mean face is of.
_NUMBERS, _FACES = 512, 4096
#: How far from the mean face the drawn ones are brought, as shares of their distance.
_DISTANCES = (0.6, 1.0)


class FaceGenerator:
    """The generator, from numbers to pictures."""

    def __init__(self, folder: Path) -> None:
        """Reads MappingNetwork.xml and SynthesisNetwork.xml, each with its .bin beside it.

        Raises:
            UnusableTeacher: a file is missing or holds something else.
        """
        mapping, synthesis = (
            _compiled(folder / f"{name}Network.xml") for name in ("Mapping", "Synthesis")
        )
        self._mapping, self._synthesis = mapping, synthesis
        # The same at every call, so that each face is told by its seed alone.
        rng = np.random.default_rng(0)
        styles = [self._style(rng.normal(size=(1, _NUMBERS))) for _ in range(_FACES)]
        self._mean = np.mean(styles, axis=0)

    def face(self, rng: np.random.Generator) -> Images:
        """A picture of somebody, RGB, shape (320, 320, 3)."""
        style = self._style(rng.normal(size=(1, _NUMBERS)))
        style = self._mean + rng.uniform(*_DISTANCES) * (style - self._mean)
        drawn = self._synthesis(style)[0][0].transpose(1, 2, 0)
        small = cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return np.asarray(((small + 1) * 127.5).round().clip(0, 255), np.uint8)

    def _style(self, drawn: NDArray[np.float64]) -> NDArray[np.float32]:
        style: NDArray[np.float32] = self._mapping(drawn.astype(np.float32))[0]
        return style


def generate_faces(
    inventor: FaceGenerator, count: int, seed: int, out: Path, progress: Callable[[int], None]
) -> None:
    """Writes that many faces into a folder, as 00000.jpg and on; those there are kept.

    Raises:
        OSError: a file can't be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = out / f"{number:05}.jpg"
        if not path.exists():
            face = inventor.face(np.random.default_rng([seed, number]))
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
