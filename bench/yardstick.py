"""The baseline: the obvious implementation in one process, with one thread and stock libraries.

It uses `facenet_pytorch.MTCNN.detect`, crops of 224x224, torchvision's ResNet34 in single precision
on the batch of faces, Pillow's drawing, and JPEG for input and output. The weights of the ResNet34
are random, since its speed does not depend on them.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from bench import torchvision_shim

#: Side of the smallest face to detect, in pixels; the same as attrai's default.
MIN_SIDE = 40
_CROP_SIDE = 224


def facenet_detector() -> Any:
    """Return facenet-pytorch's own cascade."""
    torchvision_shim.make_facenet_usable()
    from facenet_pytorch import MTCNN  # noqa: PLC0415 - after the shim

    return MTCNN(keep_all=True, min_face_size=MIN_SIDE, device="cpu")


class Yardstick:
    """Baseline pipeline, step by step."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self._detector = facenet_detector()
        from torchvision.models import resnet34  # noqa: PLC0415 - after the shim

        self._network = resnet34(num_classes=10).eval()

    def process(self, data: bytes, step: Callable[[str, Callable[[], Any]], Any]) -> int:
        """Draw boxes and scores on a JPEG, encode the result and return the number of faces.

        Args:
            data: the photo.
            step: called with the name of each step and a function; returns the function's result.
        """
        photo = step("decode", lambda: Image.open(BytesIO(data)).convert("RGB"))
        boxes, _ = step("detect", lambda: self._detector.detect(photo))
        boxes = [] if boxes is None else boxes
        scores = step("score", lambda: self._score(photo, boxes)) if len(boxes) else []
        step("draw", lambda: self._draw(photo, boxes, scores))
        step("encode", lambda: photo.save(BytesIO(), "JPEG"))
        return len(boxes)

    def _score(self, photo: Image.Image, boxes: list[Any]) -> list[float]:
        side = (_CROP_SIDE, _CROP_SIDE)
        crops = np.stack([np.asarray(photo.resize(side, box=_inside(photo, b))) for b in boxes])
        with torch.inference_mode():
            batch = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
            ratings = self._network(batch).softmax(1)
        return (ratings @ torch.arange(1.0, 11.0)).tolist()

    def _draw(self, photo: Image.Image, boxes: list[Any], scores: list[float]) -> None:
        draw = ImageDraw.Draw(photo)
        for box, score in zip(boxes, scores, strict=True):
            draw.rectangle(tuple(box), outline="red", width=3)
            draw.text((box[0], box[1]), f"{score:.1f}", fill="red")


def _inside(photo: Image.Image, box: Any) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = map(float, box)
    return max(x1, 0), max(y1, 0), min(x2, photo.width), min(y2, photo.height)
