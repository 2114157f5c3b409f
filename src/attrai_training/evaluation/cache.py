"""The crop cache: one file in a folder for each set of photos and way of cutting them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import TypeAdapter

from attrai.faces.alignment import TEMPLATE
from attrai.faces.detector import THRESHOLDS
from attrai.faces.networks import WEIGHTS
from attrai.inference import Images
from attrai.job import Failure
from attrai.settings import Settings
from attrai.storage import write_atomically

#: The version of the file format and of the cutting. Increase it when either changes, so that older
#: files are ignored.
_VERSION = 2
#: The settings that crops depend on. The engine is not among them: engines differ by less than the
#: rounding of a pixel.
_SETTINGS = {
    *("max_file_mb", "max_megapixels", "min_photo_side", "max_photo_side", "min_face_side"),
}

_FAILURES = TypeAdapter(dict[int, Failure])


@dataclass(frozen=True)
class CropShape:
    """The side of crops in pixels, and the margin around them in sides; see `aligned_crops`."""

    side: int
    margin: float = 0.0


class CutResult(NamedTuple):
    """The crops cut from photos, and the failures."""

    #: The crops, in the order of the photos that have one.
    images: Images
    #: Why other photos have none, by index.
    failures: Mapping[int, Failure]


class CropCache:
    """The cache file of a set of photos, named by a hash of everything it depends on."""

    def __init__(
        self, folder: Path, photos: Sequence[Path], shape: CropShape, settings: Settings
    ) -> None:
        """Compute the file's name, and create `folder` if it is missing.

        Raises:
            OSError: the folder can't be created.
        """
        folder.mkdir(parents=True, exist_ok=True)
        recipe = {
            "version": _VERSION,
            "shape": asdict(shape),
            "template": TEMPLATE.tolist(),
            "thresholds": THRESHOLDS,
            "detector": _digest(WEIGHTS),
            "settings": settings.model_dump(include=_SETTINGS),
            "photos": [_digest(path) for path in photos],
        }
        key = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
        self._file = folder / f"crops-{key[:32]}.npz"

    def read(self) -> CutResult | None:
        """Return the cached crops; None if they are missing or damaged."""
        try:
            # On a damaged file numpy would leave a handle of its own open.
            with self._file.open("rb") as file, np.load(file, allow_pickle=False) as content:
                images = content["images"]
                failures = _FAILURES.validate_json(content["failures"].tobytes())
        except FileNotFoundError:
            return None
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  # a damaged file makes numpy raise nearly anything
            return None
        return CutResult(images, failures)

    def write(self, cut: CutResult) -> None:
        """Save the crops.

        Raises:
            OSError: the file can't be written.
        """
        buffer = BytesIO()
        failures = np.frombuffer(_FAILURES.dump_json(dict(cut.failures)), np.uint8)
        np.savez(buffer, images=cut.images, failures=failures)
        write_atomically(self._file, buffer.getvalue())


def _digest(path: Path) -> str:
    """Return a file's SHA-256; empty if it can't be read, since such a photo has no crop."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
