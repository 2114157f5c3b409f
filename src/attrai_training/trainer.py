"""Training from photos to weights: the work behind `attrai train`, less options and messages."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import Images, open_engine
from attrai.scoring import ResNet34Scorer
from attrai.settings import Settings
from attrai_training.calibration import calibrate
from attrai_training.course import Course
from attrai_training.dataset import Collection, folds
from attrai_training.description import Seen, Teachers
from attrai_training.evaluation import CropShape, Evaluation, LabelledPhoto, evaluate, predict
from attrai_training.loop import Checkpoint, Device, Pool, RunContext, TrainConfig
from attrai_training.net2net import net2net
from attrai_training.network import ScorerNetwork
from attrai_training.packaging import to_weights
from attrai_training.sources import Bar, FaceReader, Sources
from attrai_training.student import learn
from attrai_training.targets import usual_spread
from attrai_training.teachers import OwnTeacher
from attrai_training.views import plain_crops

#: The number of crops on which batch norms are set at initialisation.
_INIT_CROPS = 128
#: The number of folds: of cross-validation, and of those that pseudo labels come from.
FOLDS = 5
#: The least number of steps of a training, by default.
_LEAST_STEPS = 100
#: The share of the rating corrected for its raters in the rating to learn.
_CORRECTED_SHARE = 0.5


def distillation(steps: int, seed: int) -> TrainConfig:
    """Return the hyperparameters of distillation."""
    return TrainConfig(steps, rate=4e-4, head_factor=2, decay=1e-4, warm_up=0.03, seed=seed)


def finetuning(steps: int, seed: int) -> TrainConfig:
    """Return the hyperparameters of training on ratings."""
    return TrainConfig(steps, rate=4e-4, head_factor=4, decay=0.02, batch=30, seed=seed)


class Trainer:
    """Distillation, training and cross-validation."""

    def __init__(
        self,
        sources: Sources,
        init: ScorerNetwork | None,
        teachers: Path | None,
        cache: Path,
        settings: Settings,
        bar: Bar,
    ) -> None:
        """Open the teachers.

        Args:
            sources: the photos.
            init: the network to start from; only distillation needs none.
            teachers: the folder of the teachers; without them the initial network is its own.
            cache: the folder for crops, what is seen in them, and checkpoints.
            settings: the limits for photos, and the engine of the networks that are not trained.
            bar: opens a progress bar.

        Raises:
            UnusableTeacher: a file of `teachers` is missing or holds another network.
        """
        self._init, self._cache, self._settings, self._bar = init, cache, settings, bar
        self.faces = FaceReader(sources, cache, settings, bar)
        self._device = Device.best(os.cpu_count() or 1)
        self._device.restore_threads()
        if teachers:
            self._teachers = Teachers.load(teachers, self._device)
        elif init:
            self._teachers = Teachers(None, OwnTeacher(init), self._device)
        else:
            raise ValueError("neither teachers nor a network that can teach")

    def distil(self, config: TrainConfig, out: Path) -> int:
        """Distil the teachers into a ResNet34, write its weights, and return the number of faces.

        Rated photos are not used, so that the network may be validated on them; nor are ratings.

        Raises:
            LabelsError: there are too few usable photos.
            OSError: a file can't be written.
        """
        course = self._course([])
        recogniser = self._teachers.recogniser
        assert recogniser  # noqa: S101 - the command line sees to it
        lessons = course.lessons_without_ratings()
        faces = lessons.views.faces
        some = np.random.default_rng(config.seed).permutation(len(faces))[:_INIT_CROPS]
        crops = self._device.images(plain_crops(faces[some], CROP_SIDE)).cpu()
        torch.manual_seed(config.seed)
        network = net2net(recogniser, crops)
        context = self._context("Distilling", config, course.digests)
        every = np.arange(len(lessons.views))
        network = learn(network, lessons, [Pool(every)], CROP_SIDE, config, context)
        to_weights(network, CROP_SIDE, asdict(config) | {"faces": len(faces)}).write(out)
        return len(faces)

    @property
    def usual_steps(self) -> int:
        """The number of steps that suits the number of rated photos."""
        return max(_LEAST_STEPS, len(self.faces.rated.kept) * 3 // 4)

    def train(self, config: TrainConfig, out: Path) -> int:
        """Train on the rated photos and all others, write the weights, and return how many photos.

        Raises:
            LabelsError: there are too few usable photos.
            OSError: a file can't be written.
        """
        network = self._fit(config, [], "Learning")
        photos = len(self.faces.rated.kept)
        to_weights(network, CROP_SIDE, asdict(config) | {"photos": photos}).write(out)
        return photos

    def cross_validate(self, config: TrainConfig) -> Evaluation:
        """Evaluate training by cross-validation, with each person's photos in a single fold.

        Raises:
            LabelsError: there are too few usable photos.
            OSError: a file can't be written.
        """
        groups, photos = self.course.collections[0].groups, self.faces.rated.kept
        served = self.faces.cut([photo.path for photo in photos], CropShape(CROP_SIDE))
        engine = open_engine(self._settings.engine, 1)
        found = np.zeros((2, len(groups)))  # scores and their spreads
        done = []
        for fold in range(FOLDS):
            tested = groups == fold
            key = [asdict(config), *self._inputs, fold, "predictions"]
            done.append(kept := Checkpoint(self._cache, key))
            predicted = kept.read()
            if predicted is None:
                network = self._fit(config, [fold], f"Fold {fold + 1} of {FOLDS}")
                scorer = ResNet34Scorer.of(to_weights(network, CROP_SIDE, {}), engine)
                said = predict(served[tested], scorer, 1, lambda _: None)
                predicted = {"found": [said.values.tolist(), said.spreads.tolist()]}
                kept.write(predicted)
            found[:, tested] = predicted["found"]
        for kept in done:
            kept.delete()
        return evaluate(found[0], found[1], photos, self.faces.raters(photos))

    def _fit(self, config: TrainConfig, unseen: Sequence[int], title: str) -> ScorerNetwork:
        means = self.means(unseen)
        lessons, pools = self.course.lessons(means, unseen)
        network = copy.deepcopy(self._init)
        assert network  # noqa: S101 - the command line sees to it
        context = self._context(title, config, [*self._inputs, [*unseen]])
        network = learn(network, lessons, pools, CROP_SIDE, config, context)
        learnt = np.flatnonzero(~np.isin(self.course.collections[0].groups, unseen))
        rated = self.faces.rated
        crops = plain_crops(rated.images[learnt], CROP_SIDE)
        spread = usual_spread([rated.kept[place] for place in learnt])
        calibrate(network, crops, means[learnt].mean(), spread)
        return network

    @cached_property
    def _inputs(self) -> list[Any]:
        """What a training depends on beside its configuration and the folds it doesn't see."""
        tensors = self._init.state_dict().values() if self._init else ()
        init = hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in tensors)).hexdigest()
        labels = [
            [(photo.score, photo.histogram) for photo in photos] for photos in self.course.photos
        ]
        return [init, self.course.digests, labels, self.faces.ratings_digest]

    def _context(self, title: str, config: TrainConfig, inputs: Sequence[Any]) -> RunContext:
        checkpoint = Checkpoint(self._cache, [asdict(config), *inputs])
        return RunContext(self._device, checkpoint, self._bar(title, config.steps))

    def means(self, unseen: Sequence[int]) -> NDArray[np.float64]:
        """Return the mean rating to learn of each rated photo, half of it corrected for raters."""
        photos, groups = self.faces.rated.kept, self.course.collections[0].groups
        learnt = [photo for photo, group in zip(photos, groups, strict=True) if group not in unseen]
        scores = np.array([photo.score for photo in photos])
        raters = self.faces.raters(learnt)
        quality = raters.quality(photos) if raters else scores
        known = np.where(np.isfinite(quality), quality, scores)
        means: NDArray[np.float64] = (
            (1 - _CORRECTED_SHARE) * scores + _CORRECTED_SHARE * known
        ).clip(1, 10)
        return means

    @cached_property
    def course(self) -> Course:
        """What there is to learn, with the rated photos first.

        Raises:
            LabelsError: there are too few usable photos.
            OSError: a file can't be written.
        """
        # What is wrong with other files is said before the teachers look at faces for an hour.
        rated, _, _ = self.faces.rated, self.faces.ratings, self.faces.others
        first = self._look(rated.images, lambda seen: folds(self._teachers.persons(seen), FOLDS))
        return self._course([(first, rated.kept)])

    def _course(self, rated: Sequence[tuple[Collection, Sequence[LabelledPhoto]]]) -> Course:
        """Return what there is to learn from these collections and all others."""
        others = [
            (self._look(images, lambda seen: np.zeros(len(seen.ages), int)), photos)
            for images, photos in self.faces.others
        ]
        collections, photos = zip(*rated, *others, strict=True)
        return Course(collections, photos, self._teachers)

    def _look(self, images: Images, group: Callable[[Seen], NDArray[np.int64]]) -> Collection:
        return Collection.look(images, group, self._teachers, self._cache, self._bar)
