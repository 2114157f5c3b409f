"""The photos to learn from: where they come from, and the crops of their faces."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from attrai.inference import Images
from attrai.settings import Settings
from attrai_training.errors import LabelsError
from attrai_training.evaluation import (
    Crops,
    CropShape,
    LabelledPhoto,
    LabelProblem,
    Raters,
    Ratings,
    cut_crops,
    load_crops,
    read_labels,
    read_ratings,
)
from attrai_training.views import MARGIN, SIDE

#: Open a progress bar with a title and a total. The result is called with the number of items done
#: since its last call.
Bar = Callable[[str, int], Callable[[int], None]]

#: The shape in which faces are kept to draw views from.
_SHAPE = CropShape(SIDE, MARGIN)


@dataclass(frozen=True)
class Sources:
    """Where faces to learn from come from."""

    data: Path | None  #: a folder of rated photos
    ratings: Path | None  #: the single ratings of these
    also: Sequence[tuple[Path, str]]  #: further such folders, of any scale, and the column to read
    unrated: Path | None  #: a folder of photos without ratings


class FaceReader:
    """Reader of the faces of some sources, each of them once."""

    def __init__(self, sources: Sources, cache: Path, settings: Settings, bar: Bar) -> None:
        """Prepare to read.

        Args:
            sources: the photos.
            cache: a folder in which crops are kept for the next run.
            settings: the limits for photos, and the engine of the detector.
            bar: opens a progress bar.
        """
        self._sources, self._cache, self._settings, self._bar = sources, cache, settings, bar
        self._threads = os.cpu_count() or 1
        #: Why some of the labelled photos can't be used.
        self.problems: list[LabelProblem] = []

    @cached_property
    def rated(self) -> Crops:
        """The rated photos and their faces with surroundings.

        Raises:
            LabelsError: there are too few usable photos.
        """
        if not self._sources.data:
            raise ValueError("there are no rated photos among the sources")
        return self._read(self._sources.data)

    @cached_property
    def others(self) -> list[tuple[Images, Sequence[LabelledPhoto]]]:
        """The faces of each further rated collection, with its photos, then unrated faces.

        Raises:
            LabelsError: there are too few usable photos.
        """
        found: list[tuple[Images, Sequence[LabelledPhoto]]] = []
        for folder, column in self._sources.also:
            crops = self._read(folder, column, -math.inf, math.inf)
            found.append((crops.images, crops.kept))
        if unrated := self._sources.unrated:
            images = self.cut(sorted(unrated.iterdir()), _SHAPE)
            if not len(images):
                raise LabelsError(f"{unrated}: no photo shows a face")
            found.append((images, []))
        return found

    def raters(self, photos: Sequence[LabelledPhoto]) -> Raters | None:
        """Return what some rated photos say of their raters; None without single ratings."""
        return Raters.fit(self.ratings, photos) if self.ratings else None

    @cached_property
    def ratings(self) -> Ratings | None:
        """The single ratings of the rated photos.

        Raises:
            LabelsError: the file can't be used.
        """
        file = self._sources.ratings
        return read_ratings(file, self.rated.kept) if file else None

    @property
    def ratings_digest(self) -> str:
        """The SHA-256 of the file of single ratings; empty without one."""
        file = self._sources.ratings
        return hashlib.sha256(file.read_bytes()).hexdigest() if file else ""

    def cut(self, photos: Sequence[Path], shape: CropShape) -> Images:
        """Cut the faces out of photos, less those that show none."""
        return cut_crops(
            photos,
            shape,
            self._settings,
            threads=self._threads,
            cache=self._cache,
            progress=self._bar("Finding faces", len(photos)),
        ).images

    def _read(
        self, folder: Path, column: str = "score", lowest: float = 1, highest: float = 10
    ) -> Crops:
        photos, problems = read_labels(folder, column, lowest, highest)
        crops = load_crops(
            photos,
            _SHAPE,
            self._settings,
            threads=self._threads,
            cache=self._cache,
            progress=self._bar("Finding faces", len(photos)),
        )
        self.problems += [*problems, *crops.problems]
        return crops
