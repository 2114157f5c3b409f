"""Training from files to files: the work behind `attrai train`, less its options and messages."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import open_engine
from attrai.scoring.scorer import Scorer
from attrai.settings import Settings
from attrai_training.dataset import Bar, Dataset, folds, groups, load_dataset
from attrai_training.distillation import distil
from attrai_training.dlib_network import Teacher
from attrai_training.errors import LabelsError
from attrai_training.evaluation import (
    Evaluation,
    evaluate,
    predict,
    read_labels,
    require_enough,
)
from attrai_training.finetuning import fit
from attrai_training.loop import Checkpoint, Device, Indices, RunContext, TrainConfig
from attrai_training.packaging import initial_network, to_weights
from attrai_training.pseudo_labels import TeacherTargets
from attrai_training.teacher_files import TeacherFiles, digest

#: The splits to train on; None stands for photos without a split.
_LEARNT = ("train", None)


class Trainer:
    """Training and cross-validation on a folder of labelled photos."""

    def __init__(
        self,
        data: Path,
        unrated: Path | None,
        cache: Path,
        settings: Settings,
        threads: int,
        bar: Bar,
    ) -> None:
        """Read the labels of the photos in a folder.

        Args:
            data: a folder with a labels.csv.
            unrated: a folder of further photos of faces, without ratings.
            cache: the folder for crops and for the checkpoints of interrupted runs.
            settings: the limits for photos, and the engine of the networks that are not trained.
            threads: the number of CPU threads to use.
            bar: opens a progress bar.

        Raises:
            LabelsError: there are too few usable rows.
        """
        self._photos, self.problems = read_labels(data)
        self._unrated = sorted(unrated.iterdir()) if unrated else []
        self._cache = cache
        self._settings = settings
        self._threads = threads
        self._bar = bar
        self._device = Device.best(threads)

    def train(
        self,
        init: str,
        config: TrainConfig,
        out: Path,
        *,
        teachers: TeacherFiles | None,
        every_photo: bool,
    ) -> int:
        """Train a scorer, write its weights, and return the number of rated photos trained on.

        Args:
            init: the network to start from: "packaged", "none" or a file.
            config: the hyperparameters.
            out: the weights file to write.
            teachers: networks whose pseudo labels are used as well, if any.
            every_photo: whether to train on all splits. Otherwise val decides when to stop. With
                teachers nothing does, since pseudo labels prevent memorisation, and val stays
                unseen.

        Raises:
            LabelsError: there are too few photos with a face.
            UnusableTeacher: a file of `teachers` holds another network.
            WeightsError: `init` can't be used.
            OSError: a file can't be written.
        """
        dataset = self._dataset
        train_indices = self._learnt(every_photo=every_photo)
        validation = dataset.of_split(*([] if every_photo or teachers else ["val"]))
        run = self._run(
            config,
            init,
            teachers,
            train_indices=train_indices.tolist(),
            validation=validation.tolist(),
        )
        network = initial_network(init, config.seed)
        training_set = (
            self._teacher_targets(teachers).training_set(train_indices)
            if teachers
            else dataset.training_set(train_indices)
        )
        context = self._context(run, "Learning", config, len(training_set.views))
        validation_set = dataset.training_set(validation) if len(validation) else None
        network = fit(network, training_set, config, context, validation_set)
        training = asdict(config) | {"photos": len(train_indices), "init": Path(init).name}
        training |= {"validation": len(validation), "teachers": teachers.names if teachers else []}
        training |= {"unrated": len(dataset.unrated)}
        to_weights(network, config.side, training).write(out)
        return len(train_indices)

    def cross_validate(
        self, init: str, config: TrainConfig, count: int, *, teachers: TeacherFiles
    ) -> Evaluation:
        """Evaluate training by cross-validation, with each person's photos in a single fold.

        Photos of the same person are identified by dlib's network.

        Args:
            init: the network to start from: "packaged", "none" or a file.
            config: the hyperparameters.
            count: the number of folds.
            teachers: networks whose pseudo labels are used as well.

        Raises:
            LabelsError: there are too few photos with a face, or fewer people than folds.
            UnusableTeacher: a file of `teachers` holds another network.
            WeightsError: `init` can't be used.
            OSError: a file can't be written.
        """
        dataset = self._dataset
        alike = groups(dataset.descriptors(Teacher.load(teachers.dlib)))
        if len(set(alike)) < count:
            raise LabelsError(f"{len(set(alike))} persons are too few for {count} folds")
        fold_of = folds(alike, count, config.seed)
        engine = open_engine(self._settings.engine, 1)
        teacher_targets = self._teacher_targets(teachers)
        values, spreads = np.zeros(len(dataset)), np.zeros(len(dataset))
        done = []
        for fold in range(count):
            train_indices, test_indices = (
                np.flatnonzero(fold_of != fold),
                np.flatnonzero(fold_of == fold),
            )
            run = self._run(config, init, teachers, train_indices=train_indices.tolist())
            done.append(kept := Checkpoint(self._cache, run | {"predictions": True}))
            found = kept.read()
            if found is None:
                training_set = teacher_targets.training_set(train_indices)
                title = f"Fold {fold + 1} of {count}"
                context = self._context(run, title, config, len(training_set.views))
                network = fit(initial_network(init, config.seed), training_set, config, context)
                scorer = Scorer.of(to_weights(network, CROP_SIDE, {}), engine)
                predicted = predict(dataset.served[test_indices], scorer, 1, lambda _: None)
                found = {name: array.tolist() for name, array in predicted._asdict().items()}
                kept.write(found)
            values[test_indices], spreads[test_indices] = found["values"], found["spreads"]
        for kept in done:
            kept.delete()
        return evaluate(values, spreads, dataset.crops.kept)

    def distil(self, teachers: TeacherFiles, config: TrainConfig, out: Path) -> int:
        """Distil the teachers into a network without ratings, and write its weights.

        Only photos of the split train and those without a split are used, so that the others stay
        unseen; their number is returned.

        Args:
            teachers: the networks to learn from.
            config: the hyperparameters.
            out: the weights file to write.

        Raises:
            LabelsError: there are too few photos with a face.
            UnusableTeacher: a file of `teachers` holds another network.
            OSError: a file can't be written.
        """
        teacher, others = teachers.load()
        train_indices = self._learnt(every_photo=False)
        run = self._run(
            config, "none", teachers, train_indices=train_indices.tolist(), ratings=False
        )
        views = self._dataset.views_with_unrated(train_indices)
        context = self._context(run, "Learning faces", config, len(views))
        student = distil(teacher, others, views, config, context)
        training = asdict(config) | {
            "photos": len(train_indices),
            "unrated": len(self._dataset.unrated),
        }
        training |= {"teachers": teachers.names}
        to_weights(student, config.side, training).write(out)
        return len(train_indices)

    def _teacher_targets(self, teachers: TeacherFiles) -> TeacherTargets:
        teacher, others = teachers.load()
        photos = len(self._dataset) + len(self._dataset.unrated)
        progress = self._bar("Looking at faces", photos)
        return TeacherTargets([teacher, *others], self._dataset, self._device, progress)

    def _learnt(self, *, every_photo: bool) -> Indices:
        dataset = self._dataset
        train_indices = np.arange(len(dataset)) if every_photo else dataset.of_split(*_LEARNT)
        require_enough(len(train_indices), self.problems)
        return train_indices

    @cached_property
    def _dataset(self) -> Dataset:
        dataset = load_dataset(
            self._photos,
            self._unrated,
            self._settings,
            threads=self._threads,
            cache=self._cache,
            bar=self._bar,
        )
        self.problems = sorted([*self.problems, *dataset.crops.problems], key=lambda p: p.row)
        return dataset

    def _run(
        self, config: TrainConfig, init: str, teachers: TeacherFiles | None, **more: Any
    ) -> dict[str, Any]:
        """Return everything that distinguishes a run from others, the key of its checkpoint."""
        files = {"init": _digest_of(init), "teachers": teachers.digests() if teachers else []}
        return asdict(config) | files | {"photos": self._dataset.digest} | more

    def _context(
        self, run: dict[str, Any], title: str, config: TrainConfig, photos: int
    ) -> RunContext:
        progress = self._bar(title, config.loop(photos).steps)
        return RunContext(self._device, Checkpoint(self._cache, run), progress)


def _digest_of(init: str) -> str:
    return init if init in ("packaged", "none") else digest(Path(init))
