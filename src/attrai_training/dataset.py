"""Labelled photos as training takes them: crops with margins, ratings, and folds."""

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
from attrai_training.evaluation import Crops, CropShape, LabelledPhoto, cut_crops, load_crops
from attrai_training.finetuning import TrainingSet
from attrai_training.loop import Indices
from attrai_training.ratings import Targets

#: The width of the surroundings kept on each side of a crop, in sides of the crop. It leaves room
#: to shift and rotate the crop.
MARGIN = 0.2
#: The shape of the crops used for training, as large as dlib's network needs them.
SHAPE = CropShape(SIDE, MARGIN)

#: Open a progress bar with a title and a total. The result is called with the number of items done
#: since its last call.
Bar = Callable[[str, int], Callable[[int], None]]


@dataclass(frozen=True)
class Dataset:
    """The photos in which a face was found."""

    crops: Crops  #: crops to train on, of `SHAPE`
    served: Images  #: the same faces, cut as the detect stage does
    unrated: Images  #: crops of further photos without ratings, of `SHAPE`

    def __len__(self) -> int:
        return len(self.crops.kept)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the crops, their scores and histograms, and the unrated crops."""
        labels = repr([(photo.score, photo.histogram) for photo in self.crops.kept])
        parts = (self.crops.images.tobytes(), labels.encode(), self.unrated.tobytes())
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def of_split(self, *splits: str | None) -> Indices:
        """Return the indices of the photos in any of `splits`."""
        return np.flatnonzero([photo.split in splits for photo in self.crops.kept])

    def views(self, indices: Indices) -> Views:
        """Return views of the faces at `indices`."""
        return Views(self.crops.images[indices], MARGIN)

    def views_with_unrated(self, indices: Indices) -> Views:
        """Return views of the faces at `indices`, followed by all unrated faces."""
        return Views(np.concatenate([self.crops.images[indices], self.unrated]), MARGIN)

    def training_set(self, indices: Indices) -> TrainingSet:
        """Return the faces at `indices` with their ratings."""
        photos = [self.crops.kept[place] for place in indices]
        return TrainingSet(self.views(indices), Targets.of(photos))

    @torch.no_grad()
    def descriptors(self, teacher: Teacher) -> NDArray[np.float32]:
        """Compute the descriptors that identify a person, shape (n, 128).

        Each is the mean over the crop and its mirror image, so mirroring a face doesn't change it.
        """
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
    """Find and cut the faces in labelled and unrated photos.

    Args:
        photos: the labelled photos.
        unrated: further photos without ratings; those without a face are skipped.
        settings: the limits for photos, and the engine that runs the detector.
        threads: the number of photos processed at once.
        cache: the folder in which crops are kept for the next run.
        bar: opens a progress bar.

    Raises:
        LabelsError: a face was found in too few of `photos`.
        OSError: the crops can't be written to `cache`.
    """

    def cut(shape: CropShape) -> Crops:
        progress = bar("Finding faces", len(photos))
        return load_crops(photos, shape, settings, threads=threads, cache=cache, progress=progress)

    crops, served = cut(SHAPE), cut(CropShape(CROP_SIDE)).images
    if not unrated:
        return Dataset(crops, served, crops.images[:0])
    progress = bar("Finding faces without ratings", len(unrated))
    more = cut_crops(unrated, SHAPE, settings, threads=threads, cache=cache, progress=progress)
    return Dataset(crops, served, more.images)


#: Faces whose descriptors are closer than this count as the same person or picture. dlib itself
#: uses 0.6, but among photos as similar as these that links strangers, and through them nearly
#: everybody.
SAME_PERSON_DISTANCE = 0.4


def groups(descriptors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return group numbers, equal for photos of the same person, shape (n,).

    A photo joins a group when it is close to any member, because it may be close to one photo of a
    person and far from another.

    Args:
        descriptors: dlib's descriptors, shape (n, 128).
    """
    found = np.arange(len(descriptors))
    for place, descriptor in enumerate(descriptors):
        near = np.linalg.norm(descriptors[:place] - descriptor, axis=1) < SAME_PERSON_DISTANCE
        for number in np.unique(found[:place][near]):
            found[found == number] = place
    return found


def folds(group: Sequence[int] | NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each photo, shape (n,): similar in size, and never splitting a group."""
    members, sizes = np.unique(group, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(members))
    fold_of, filled = {}, np.zeros(count, int)
    # The largest groups go first; placed last, one would unbalance what the small ones had
    # balanced.
    for place in sorted(shuffled, key=lambda place: -sizes[place]):
        fold_of[members[place]] = fold = int(filled.argmin())
        filled[fold] += sizes[place]
    return np.array([fold_of[member] for member in group], np.int64)
