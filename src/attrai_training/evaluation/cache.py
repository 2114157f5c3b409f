"""Crops that are kept in a folder: one file for the same photos, cut in the same way."""

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

#: Raised by one whenever a photo's crop or the file of crops becomes another than before; older
#: files are passed over then.
_VERSION = 1
#: The settings that crops depend on. Engines differ by less than a pixel's rounding.
_SETTINGS = {
    *("max_file_mb", "max_megapixels", "min_photo_side", "max_photo_side", "min_face_side"),
}

_FAILURES = TypeAdapter(dict[int, Failure])


@dataclass(frozen=True)
class CropShape:
    """How large crops are; see `aligned_crops`."""

    side: int
    margin: float = 0.0


class Cut(NamedTuple):
    """What cutting faces out of photos gave."""

    #: The crops, in the order of the photos that have one.
    images: Images
    #: Why the others have none, by their indices among the photos.
    failures: Mapping[int, Failure]


class CropCache:
    """The file for some photos and their shape; its name is a hash of all that it comes from."""

    def __init__(
        self, folder: Path, photos: Sequence[Path], shape: CropShape, settings: Settings
    ) -> None:
        """`folder` is made where it is missing.

        Raises:
            OSError: it can't be made.
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

    def read(self) -> Cut | None:
        """The crops; None if they are not there or damaged."""
        try:
            # Of a damaged file numpy would leave its own handle open.
            with self._file.open("rb") as file, np.load(file, allow_pickle=False) as content:
                images = content["images"]
                failures = _FAILURES.validate_json(content["failures"].tobytes())
        except FileNotFoundError:
            return None
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  # a damaged file makes numpy raise nearly anything
            return None
        return Cut(images, failures)

    def write(self, cut: Cut) -> None:
        """Keeps the crops.

        Raises:
            OSError: the file can't be written.
        """
        buffer = BytesIO()
        failures = np.frombuffer(_FAILURES.dump_json(dict(cut.failures)), np.uint8)
        np.savez(buffer, images=cut.images, failures=failures)
        write_atomically(self._file, buffer.getvalue())


def _digest(path: Path) -> str:
    """The hash of a file's content; empty for a file that can't be read, as it has no crop."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
