"""Labelled photos as training takes them: their crops, with what lies around, and ratings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import Images
from attrai.settings import Settings
from attrai_training.augmentation import Views
from attrai_training.dlib_network import SIDE, Teacher
from attrai_training.evaluation import Crops, LabelledPhoto, cut_crops, load_crops
from attrai_training.evaluation.cache import CropShape
from attrai_training.finetuning import TrainingSet
from attrai_training.loop import Indices
from attrai_training.ratings import Targets

#: How much of a photo around a crop is kept, in sides, to shift and turn the crop.
MARGIN = 0.2
#: Of crops to learn from: as large as dlib's network needs them.
SHAPE = CropShape(SIDE, MARGIN)

#: A new bar with its title and length; called with how many more are done.
Bar = Callable[[str, int], Callable[[int], None]]


@dataclass(frozen=True)
class Dataset:
    """Photos on which a face was found."""

    crops: Crops  #: to learn from, of `SHAPE`
    served: Images  #: the same faces as `detect` cuts them
    unrated: Images  #: of further photos, whose ratings nobody knows, of `SHAPE`

    def __len__(self) -> int:
        return len(self.crops.kept)

    @cached_property
    def digest(self) -> str:
        """The same for the same photos and ratings."""
        labels = repr([(photo.score, photo.histogram) for photo in self.crops.kept])
        parts = (self.crops.images.tobytes(), labels.encode(), self.unrated.tobytes())
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def of_split(self, *splits: str | None) -> Indices:
        """The indices of the photos whose split is one of these."""
        return np.flatnonzero([photo.split in splits for photo in self.crops.kept])

    def views(self, indices: Indices) -> Views:
        """The faces of some photos."""
        return Views(self.crops.images[indices], MARGIN)

    def views_with_unrated(self, indices: Indices) -> Views:
        """These and all whose ratings nobody knows."""
        return Views(np.concatenate([self.crops.images[indices], self.unrated]), MARGIN)

    def training_set(self, indices: Indices) -> TrainingSet:
        """Some of the photos, to learn their ratings from."""
        photos = [self.crops.kept[place] for place in indices]
        return TrainingSet(self.views(indices), Targets.of(photos))

    @torch.no_grad()
    def descriptors(self, teacher: Teacher) -> NDArray[np.float32]:
        """By which the same person is told, shape (n, 128); a mirrored face is the same."""
        views = self.views(np.arange(len(self)))
        seen = [teacher(part) + teacher(part.flip(3)) for part in views.all_plain(SIDE)]
        described: NDArray[np.float32] = (torch.cat(seen) / 2).numpy()
        return described


def load_dataset(
    photos: Sequence[LabelledPhoto],
    unrated: Sequence[Path],
    settings: Settings,
    *,
    threads: int,
    cache: Path,
    bar: Bar,
) -> Dataset:
    """Finds the faces; see `load_crops`. Of `unrated`, what has no face is passed over."""

    def cut(shape: CropShape) -> Crops:
        progress = bar("Finding faces", len(photos))
        return load_crops(photos, shape, settings, threads=threads, cache=cache, progress=progress)

    crops, served = cut(SHAPE), cut(CropShape(CROP_SIDE)).images
    if not unrated:
        return Dataset(crops, served, crops.images[:0])
    progress = bar("Finding faces without ratings", len(unrated))
    more = cut_crops(unrated, SHAPE, settings, threads=threads, cache=cache, progress=progress)
    return Dataset(crops, served, more.images)
