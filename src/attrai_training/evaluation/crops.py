"""Work on several threads whose results come in order.

Cutting faces out of photos, as the stages ingest and detect do it.

Labelled photos -> the crops of their faces.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from attrai.errors import NoFace, SourceUnreadable, UserError
from attrai.faces import CascadeNetworks, Detector, aligned_crops
from attrai.images import limits_of, pack_source
from attrai.images.codecs import unpack_photo
from attrai.inference import Images, open_engine
from attrai.job import Failure
from attrai.locales import text
from attrai.settings import Settings
from attrai_training.evaluation.cache import CropCache, CropShape, Cut
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
    """The results for `items`, in their order, as they are ready.

    To be closed when it is not read to its end, as by Ctrl-C: no more items are begun then.
    """
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(function, items)


class Cropper:
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


class Crops(NamedTuple):
    """The crops of those photos on which a face was found."""

    #: RGB, shape (n, side, side, 3), the side including both margins.
    images: Images
    #: Whose they are.
    kept: list[LabelledPhoto]
    #: Why the others have none.
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
    """The crop of each photo's largest face, found and cut as the stages do it.

    Args:
        photos: those that `read_labels` found usable.
        shape: of the crops.
        settings: what a photo may be, and what computes the detector.
        threads: how many photos are in work at once.
        cache: a folder in which the crops are kept for the next time; they stay there until
            somebody deletes them. None for nowhere.
        progress: called with the number of photos that are done since the last call.

    Raises:
        LabelsError: fewer than `LEAST_PHOTOS` have a crop.
        OSError: the crops can't be kept in `cache`.
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
) -> Cut:
    """The same of photos without labels, none of which has to have a face.

    Raises:
        OSError: the crops can't be kept in `cache`.
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


def _cut(photos: Sequence[Path], cutter: Cropper, progress: Callable[[int], None]) -> Cut:
    images: list[Images] = []
    failures: dict[int, Failure] = {}
    with closing(cutter(photos)) as results:
        for number, result in enumerate(results):
            if isinstance(result, Failure):
                failures[number] = result
            else:
                images.append(result)
            progress(1)
    return Cut(np.array(images, np.uint8), failures)


def _problem(photo: LabelledPhoto, failure: Failure) -> LabelProblem:
    return LabelProblem(
        row=photo.row,
        file=str(photo.path),
        kind="no face" if failure.code == NoFace.code else "unreadable photo",
        reason=text(failure.code, **failure.details),
    )
