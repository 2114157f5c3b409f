"""Cutting faces out of photos, as the stages ingest and detect do it."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attrai.contract import Failure
from attrai.decoding import limits_of, pack_source
from attrai.errors import NoFace, SourceUnreadable, UserError
from attrai.faces import CascadeNetworks, Detector, aligned_crops
from attrai.inference import Images, open_engine
from attrai.payloads import unpack_photo
from attrai.scoring.evaluation.threads import in_threads
from attrai.settings import Settings


@dataclass(frozen=True)
class CropShape:
    """How large crops are; see `aligned_crops`."""

    side: int
    margin: float = 0.0


class Cutter:
    """Cuts out the largest face of each photo."""

    def __init__(self, settings: Settings, shape: CropShape, threads: int) -> None:
        """`threads` photos are in work at once."""
        self._limits = limits_of(settings)
        self._detector = Detector(
            CascadeNetworks.load(open_engine(settings.engine, threads)),
            min_side=settings.min_face_side,
            max_faces=1,
        )
        self._shape = shape
        self._threads = threads

    def __call__(self, photos: Iterable[Path]) -> Generator[Images | Failure, None, None]:
        """Each photo's crop, or why there is none; to be closed as `in_threads` is."""
        return in_threads(self._attempt, photos, self._threads)

    def _attempt(self, photo: Path) -> Images | Failure:
        try:
            return self._cut(photo)
        except UserError as error:
            return error.failure()

    def _cut(self, photo: Path) -> Images:
        try:
            with photo.open("rb") as file:
                data = file.read(self._limits.max_bytes + 1)
        except OSError as error:
            raise SourceUnreadable(reason=(error.strerror or str(error)).lower()) from error
        content, _ = pack_source(data, self._limits)
        pixels: Images = np.asarray(unpack_photo(content))
        faces = self._detector(pixels).faces
        if not faces:
            raise NoFace
        crop: Images = aligned_crops(pixels, faces, self._shape.side, self._shape.margin)[0]
        return crop
