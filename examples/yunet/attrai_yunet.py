"""A detector for attrai that reads YuNet, a network of OpenCV's model zoo, by OpenVINO.

    pip install ./examples/yunet
    export ATTRAI_DETECTOR=yunet YUNET_MODEL=face_detection_yunet_2023mar.onnx
    attrai rate me.jpg

W. Wu, H. Peng, S. Yu: "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence
Research 20 (5), 2023. The file is not part of this package; https://github.com/opencv/opencv_zoo
has it.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.errors import SettingsError
from attrai.faces import Detections
from attrai.inference import Engine
from attrai.inference.openvino_engine import OpenVinoEngine
from attrai.settings import Settings

#: Side of the network's input in pixels, and the strides of its three grids of candidates.
_SIDE, _STRIDES = 640, (8, 16, 32)
#: The least probability of a face, and the IoU from which two boxes are of the same one.
_PROBABILITY, _IOU = 0.6, 0.3


class YuNet:
    """YuNet in the ONNX file that YUNET_MODEL names."""

    sure = 0.8

    def __init__(self, settings: Settings, _engine: Engine) -> None:
        path = Path(os.environ.get("YUNET_MODEL", ""))
        if not path.is_file():
            raise SettingsError("YUNET_MODEL names no file: it should be YuNet's in ONNX")
        self._min_side = settings.min_face_side
        openvino = OpenVinoEngine(threads=1)
        model = openvino.read(path)
        model.reshape([1, 3, _SIDE, _SIDE])
        self._network = openvino.compile(model)

    def detect(self, photo: NDArray[np.uint8]) -> Detections:
        """Return the faces on `photo`, RGB, shape (height, width, 3)."""
        height, width = photo.shape[:2]
        scale = _SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        canvas = np.zeros((_SIDE, _SIDE, 3), np.uint8)
        canvas[: size[1], : size[0]] = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
        # Blue first, channels first.
        image = canvas[np.newaxis, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32)
        # A request of its own for each call, as several threads may call.
        outputs = self._network.create_infer_request().infer([np.ascontiguousarray(image)])
        parts = [_decode(outputs, stride) for stride in _STRIDES]
        boxes, landmarks, probabilities = (
            np.concatenate(part) for part in zip(*parts, strict=True)
        )
        boxes, landmarks = boxes / scale, landmarks / scale
        sides = boxes[:, 2:] - boxes[:, :2]
        sized = np.flatnonzero(sides.max(axis=1, initial=0) >= self._min_side)
        boxes, landmarks, probabilities = boxes[sized], landmarks[sized], probabilities[sized]
        corners = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
        best = list(cv2.dnn.NMSBoxes(corners.tolist(), probabilities.tolist(), _PROBABILITY, _IOU))
        return Detections(boxes[best], landmarks[best], probabilities[best])


def _decode(outputs: object, stride: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the boxes, landmarks and probabilities of one grid, in pixels of the input."""
    kinds = ("cls", "obj", "bbox", "kps")
    face, there, box, points = (outputs[f"{kind}_{stride}"][0] for kind in kinds)
    probabilities = np.sqrt(face.clip(0, 1) * there.clip(0, 1))[:, 0]
    found = np.flatnonzero(probabilities >= _PROBABILITY)
    columns = _SIDE // stride
    cells = np.stack([found % columns, found // columns], axis=1)
    centres = (cells + box[found, :2]) * stride
    halves = np.exp(box[found, 2:]) * stride / 2
    landmarks = (cells[:, np.newaxis] + points[found].reshape(-1, 5, 2)) * stride
    boxes = np.hstack([centres - halves, centres + halves])
    return boxes, landmarks, probabilities[found]
