"""Labelled photos -> the crops of their faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from attrai.contract import Failure
from attrai.errors import NoFace
from attrai.inference import Images
from attrai.scoring.evaluation.cache import CropCache, Cut
from attrai.scoring.evaluation.cutting import CropShape, Cutter
from attrai.scoring.evaluation.labels import (
    LabelledPhoto,
    LabelProblem,
    require_enough,
)
from attrai.settings import Settings
from attrai.texts import text


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
        cut = _cut(photos, Cutter(settings, shape, threads), progress)
        if place:
            place.write(cut)
    return cut


def _cut(photos: Sequence[Path], cutter: Cutter, progress: Callable[[int], None]) -> Cut:
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
