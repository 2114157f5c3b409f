"""Crops of photos, cut as the stages ingest and detect do it, and kept for the next run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from attrai.errors import NoFace, UserError
from attrai.faces import FaceFinder, crop_faces
from attrai.faces.alignment import TEMPLATE
from attrai.faces.mtcnn import THRESHOLDS
from attrai.faces.networks import WEIGHTS
from attrai.images import accept_photo, limits_of
from attrai.images.codecs import unpack_photo
from attrai.images.files import read_photo
from attrai.inference import Images, open_engine
from attrai.job import Failure
from attrai.locales import text
from attrai.settings import Settings
from attrai_training.evaluation.array_cache import read_arrays, write_arrays
from attrai_training.evaluation.labels import LabelledPhoto, LabelProblem, require_enough

#: The version of the cache files and of the cutting. Increase it when either changes, so that older
#: files are ignored.
_VERSION = 2
#: The settings that crops depend on. The engine is not among them: engines differ by less than the
#: rounding of a pixel.
_SETTINGS = {"max_file_mb", "max_megapixels", "min_photo_side", "max_photo_side", "min_face_side"}

_FAILURES = TypeAdapter(dict[int, Failure])

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class CropShape:
    """The side of crops in pixels, and the margin around them in sides; see `aligned_crops`."""

    side: int
    margin: float = 0.0


class CutResult(NamedTuple):
    """The crops cut from photos, and the failures."""

    images: Images  #: in the order of the photos that have a crop
    failures: Mapping[int, Failure]  #: why other photos have none, by index


class Crops(NamedTuple):
    """The crops of the photos in which a face was found."""

    images: Images  #: RGB, shape (n, side, side, 3); the side includes both margins
    kept: list[LabelledPhoto]  #: the photo of each crop
    problems: list[LabelProblem]  #: why other photos have none


def load_crops(
    photos: Sequence[LabelledPhoto],
    shape: CropShape,
    settings: Settings,
    *,
    threads: int,
    progress: Callable[[int], None],
    cache: Path | None = None,
) -> Crops:
    """Find and cut the largest face of each labelled photo; see `cut_crops` for the arguments.

    Raises:
        LabelsError: fewer than `MIN_PHOTOS` have a crop.
        OSError: the crops can't be written to `cache`.
    """
    paths = [photo.path for photo in photos]
    cut = cut_crops(paths, shape, settings, threads=threads, cache=cache, progress=progress)
    problems = []
    for index, failure in cut.failures.items():
        kind = "no face" if failure.code == NoFace.code else "unreadable photo"
        reason = text(failure.code, **failure.details)
        problems.append(LabelProblem(photos[index].row, str(paths[index]), kind, reason))
    kept = [photo for index, photo in enumerate(photos) if index not in cut.failures]
    require_enough(len(kept), problems)
    return Crops(cut.images, kept, problems)


def cut_crops(
    photos: Sequence[Path],
    shape: CropShape,
    settings: Settings,
    *,
    threads: int,
    progress: Callable[[int], None],
    cache: Path | None = None,
) -> CutResult:
    """Find and cut the largest face of each photo, as the service does; some have none.

    Args:
        photos: the photos.
        shape: the shape of the crops.
        settings: the limits for photos, and the engine that runs the detector.
        threads: the number of photos processed at once.
        progress: called with the number of photos done since the last call.
        cache: a folder in which crops are kept for the next run, and never deleted.

    Raises:
        OSError: the crops can't be written to `cache`.
    """
    file = _cache_file(cache, photos, shape, settings) if cache else None
    if cut := _read(file) if file else None:
        progress(len(photos))
        return cut
    results: list[Images | Failure] = []
    with closing(in_threads(cropper(settings, shape, threads), photos, threads)) as found:
        for result in found:
            results.append(result)
            progress(1)
    images = [result for result in results if not isinstance(result, Failure)]
    failures = {n: result for n, result in enumerate(results) if isinstance(result, Failure)}
    cut = CutResult(np.array(images, np.uint8), failures)
    if file:
        _write(file, cut)
    return cut


def cropper(
    settings: Settings, shape: CropShape, threads: int
) -> Callable[[Path], Images | Failure]:
    """Return a function that cuts the largest face out of a photo, for `threads` calls at once."""
    limits = limits_of(settings)
    largest = settings.model_copy(update={"max_faces": 1})
    finder = FaceFinder.open(largest, open_engine(settings.engine, threads))

    def cut(photo: Path) -> Images | Failure:
        try:
            content, _ = accept_photo(read_photo(photo, limits.max_bytes), limits)
            pixels = np.asarray(unpack_photo(content))
            crop: Images = crop_faces(pixels, finder, shape.side, shape.margin).crops[0]
        except UserError as error:
            return error.failure()
        return crop

    return cut


def in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[Result, None, None]:
    """Yield the results for `items`, in order, computed on several threads.

    Close the generator if it isn't read to the end, as after Ctrl-C; no more items are started
    then.
    """
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(function, items)


def _cache_file(folder: Path, photos: Sequence[Path], shape: CropShape, settings: Settings) -> Path:
    """Return the file for a set of photos, named by a hash of everything that crops depend on."""
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
    return folder / f"crops-{key[:32]}.npz"


def _digest(path: Path) -> str:
    """Return a file's SHA-256; empty if it can't be read, since such a photo has no crop."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _read(file: Path) -> CutResult | None:
    """Return the cached crops; None if they are missing or damaged."""
    if not (kept := read_arrays(file, ["images", "failures"])):
        return None
    try:
        return CutResult(kept["images"], _FAILURES.validate_json(kept["failures"].tobytes()))
    except ValidationError:
        return None


def _write(file: Path, cut: CutResult) -> None:
    failures = np.frombuffer(_FAILURES.dump_json(dict(cut.failures)), np.uint8)
    write_arrays(file, {"images": cut.images, "failures": failures})
