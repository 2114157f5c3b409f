"""The detector `facenet`: facenet-pytorch's own MTCNN, as it comes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attrai.errors import CannotStart
from attrai.faces.detector import Detections
from attrai.faces.mtcnn import Mtcnn
from attrai.inference import Engine
from attrai.settings import Settings


class Facenet:
    """facenet-pytorch's MTCNN, on the GPU if there is one."""

    #: The networks are those of `Mtcnn`, and so are their probabilities.
    sure = Mtcnn.sure

    def __init__(self, settings: Settings, _engine: Engine) -> None:
        """Load the networks.

        Raises:
            CannotStart: facenet-pytorch is not installed.
        """
        try:
            import torch  # noqa: PLC0415 - an extra
            from facenet_pytorch import MTCNN  # noqa: PLC0415 - as above
        except ModuleNotFoundError:
            raise CannotStart(
                "the detector facenet needs more packages: pip install 'attrai[facenet]'"
            ) from None
        # As for the engine: replicas share a machine's cores.
        torch.set_num_threads(1)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._mtcnn = MTCNN(keep_all=True, min_face_size=settings.min_face_side, device=device)

    def detect(self, photo: NDArray[np.uint8]) -> Detections:
        """Return the faces on `photo`, RGB, shape (height, width, 3), the largest first."""
        boxes, probabilities, landmarks = self._mtcnn.detect(photo, landmarks=True)
        if boxes is None:
            boxes, probabilities, landmarks = (np.empty(shape) for shape in ((0, 4), 0, (0, 5, 2)))
        return Detections(boxes, landmarks, probabilities)
