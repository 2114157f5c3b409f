"""Crops of labelled photos, cut as the stages ingest and detect do it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from attrai.errors import NoFace, UserError
from attrai.faces import Detector, crop_faces
from attrai.images import accept_photo, limits_of
from attrai.images.codecs import unpack_photo
from attrai.images.files import read_photo
from attrai.inference import Images, open_engine
from attrai.job import Failure
from attrai.locales import text
from attrai.settings import Settings
from attrai_training.evaluation.cache import CropCache, CropShape, CutResult
from attrai_training.evaluation.labels import (
    LabelledPhoto,
    LabelProblem,
    require_enough,
)

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[Result, None, None]:
    """Yield the results for `items`, in order, computed on several threads.

    Close the generator if it isn't read to the end, as after Ctrl-C; no more items are started
    then.
    """
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(function, items)


class Cropper:
    """Cuts out the largest face of each photo."""

    def __init__(self, settings: Settings, shape: CropShape, threads: int) -> None:
        """Load the detector, to process `threads` photos at once."""
        self._limits = limits_of(settings)
        largest = settings.model_copy(update={"max_faces": 1})
        self._detector = Detector.open(largest, open_engine(settings.engine, threads))
        self._shape = shape
        self._threads = threads

    def __call__(self, photos: Iterable[Path]) -> Generator[Images | Failure, None, None]:
        """Yield each photo's crop or why there is none; close the generator as for `in_threads`."""
        return in_threads(self._attempt, photos, self._threads)

    def _attempt(self, photo: Path) -> Images | Failure:
        try:
            return self._cut(photo)
        except UserError as error:
            return error.failure()

    def _cut(self, photo: Path) -> Images:
        content, _ = accept_photo(read_photo(photo, self._limits.max_bytes), self._limits)
        pixels, shape = np.asarray(unpack_photo(content)), self._shape
        crop: Images = crop_faces(pixels, self._detector, shape.side, shape.margin).crops[0]
        return crop


class Crops(NamedTuple):
    """The crops of the photos in which a face was found."""

    #: RGB, shape (n, side, side, 3); the side includes both margins.
    images: Images
    #: The photo of each crop.
    kept: list[LabelledPhoto]
    #: Why other photos have none.
    problems: list[LabelProblem]


def load_crops(
    photos: Sequence[LabelledPhoto],
    shape: CropShape,
    settings: Settings,
    *,
    threads: int,
    cache: Path | None,
    progress: Callable[[int], None],
) -> Crops:
    """Find and cut the largest face of each photo, as the service does.

    Args:
        photos: usable photos, from `read_labels`.
        shape: the shape of the crops.
        settings: the limits for photos, and the engine that runs the detector.
        threads: the number of photos processed at once.
        cache: the folder in which crops are kept for the next run; they are never deleted. None to
            keep none.
        progress: called with the number of photos done since the last call.

    Raises:
        LabelsError: fewer than `MIN_PHOTOS` have a crop.
        OSError: the crops can't be written to `cache`.
    """
    paths = [photo.path for photo in photos]
    cut = cut_crops(paths, shape, settings, threads=threads, cache=cache, progress=progress)
    problems = [_problem(photos[number], failure) for number, failure in cut.failures.items()]
    kept = [photo for number, photo in enumerate(photos) if number not in cut.failures]
    require_enough(len(kept), problems)
    return Crops(cut.images, kept, problems)


def cut_crops(
    photos: Sequence[Path],
    shape: CropShape,
    settings: Settings,
    *,
    threads: int,
    cache: Path | None,
    progress: Callable[[int], None],
) -> CutResult:
    """Find and cut the largest face of each photo; photos without a face are no error.

    Args:
        photos: photos without labels.
        shape: the shape of the crops.
        settings: the limits for photos, and the engine that runs the detector.
        threads: the number of photos processed at once.
        cache: as in `load_crops`.
        progress: called with the number of photos done since the last call.

    Raises:
        OSError: the crops can't be written to `cache`.
    """
    place = CropCache(cache, photos, shape, settings) if cache else None
    cut = place.read() if place else None
    if cut:
        progress(len(photos))
    else:
        cut = _cut(photos, Cropper(settings, shape, threads), progress)
        if place:
            place.write(cut)
    return cut


def _cut(photos: Sequence[Path], cropper: Cropper, progress: Callable[[int], None]) -> CutResult:
    images: list[Images] = []
    failures: dict[int, Failure] = {}
    with closing(cropper(photos)) as results:
        for number, result in enumerate(results):
            if isinstance(result, Failure):
                failures[number] = result
            else:
                images.append(result)
            progress(1)
    return CutResult(np.array(images, np.uint8), failures)


def _problem(photo: LabelledPhoto, failure: Failure) -> LabelProblem:
    return LabelProblem(
        row=photo.row,
        file=str(photo.path),
        kind="no face" if failure.code == NoFace.code else "unreadable photo",
        reason=text(failure.code, **failure.details),
    )
