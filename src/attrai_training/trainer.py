"""Training from files to files: what `attrai train` does, less its options and messages."""

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
from attrai_training.dataset import Bar, Dataset, load_dataset
from attrai_training.distillation import distil
from attrai_training.dlib_network import Teacher
from attrai_training.errors import LabelsError
from attrai_training.evaluation import (
    Assessment,
    Predictions,
    evaluate,
    predict,
    read_labels,
    require_enough,
)
from attrai_training.finetuning import fit
from attrai_training.folds import folds, groups
from attrai_training.loop import Checkpoint, Device, Indices, RunContext, TrainConfig
from attrai_training.packaging import start_of, weights_of
from attrai_training.targets import TeacherTargets
from attrai_training.teacher_files import TeacherFiles, digest

#: Photos of these splits are learnt from; those without one are as well.
_LEARNT = ("train", None)


class Trainer:
    """Labelled photos and where training happens."""

    def __init__(
        self,
        data: Path,
        unrated: Path | None,
        cache: Path,
        settings: Settings,
        threads: int,
        bar: Bar,
    ) -> None:
        """A trainer for the photos in a folder.

        Args:
            data: with a labels.csv.
            unrated: a folder of further photos of faces, whose ratings nobody knows.
            cache: where crops and the state of interrupted runs are kept.
            settings: what a photo may be, and what computes the networks that only judge.
            threads: how many cores are used.
            bar: what shows how far it is.

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
        """Writes the weights of a scorer; the number of photos with ratings that it learnt from.

        Args:
            init: what the network starts as: "packaged", "none" or a file.
            config: how it learns.
            out: the weights file.
            teachers: networks whose pseudo_labels are to be learnt as well, if any.
            every_photo: whether to learn from photos of other splits than train too. Else those
                of val tell when to stop; with teachers nothing does, as pseudo_labels keep it from
                learning photos by heart, and val remains unseen.

        Raises:
            LabelsError: there are too few photos with a face.
            UnusableTeacher: a file of `teachers` holds another network.
            WeightsError: `init` can't be used.
            OSError: a file can't be written.
        """
        dataset = self._dataset
        learnt = self._learnt(every_photo=every_photo)
        validation = dataset.of_split(*([] if every_photo or teachers else ["val"]))
        run = self._run(
            config, init, teachers, learnt=learnt.tolist(), validation=validation.tolist()
        )
        network = start_of(init, config.seed)
        training_set = (
            self._teacher_targets(teachers).training_set(learnt)
            if teachers
            else dataset.training_set(learnt)
        )
        context = self._context(run, "Learning", config, len(training_set.views))
        validation_set = dataset.training_set(validation) if len(validation) else None
        network = fit(network, training_set, config, context, validation_set)
        training = asdict(config) | {"photos": len(learnt), "init": Path(init).name}
        training |= {"validation": len(validation), "teachers": teachers.names if teachers else []}
        training |= {"unrated": len(dataset.unrated)}
        weights_of(network, config.side, training).write(out)
        return len(learnt)

    def cross_validate(
        self, init: str, config: TrainConfig, count: int, *, teachers: TeacherFiles
    ) -> Assessment:
        """How good networks are on photos that they have not seen, nor another of the person.

        Whose photos these are dlib's network tells.

        Raises:
            As `train`.
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
            learnt, judged = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            run = self._run(config, init, teachers, learnt=learnt.tolist())
            done.append(kept := Checkpoint(self._cache, run | {"predictions": True}))
            found = kept.read()
            if found is None:
                training_set = teacher_targets.training_set(learnt)
                title = f"Fold {fold + 1} of {count}"
                context = self._context(run, title, config, len(training_set.views))
                network = fit(start_of(init, config.seed), training_set, config, context)
                scorer = Scorer.of(weights_of(network, CROP_SIDE, {}), engine)
                predicted = predict(dataset.served[judged], scorer, 1, lambda _: None)
                found = {name: array.tolist() for name, array in predicted._asdict().items()}
                kept.write(found)
            values[judged], spreads[judged] = found["values"], found["spreads"]
        for kept in done:
            kept.delete()
        photos = dataset.crops.kept
        evaluation = evaluate(values, spreads, photos)
        return Assessment(photos, Predictions(values, spreads), evaluation, self.problems)

    def distil(self, teachers: TeacherFiles, config: TrainConfig, out: Path) -> int:
        """Writes the weights of a network that knows faces as its teachers do, and no ratings.

        It learns from the photos of the split train alone, so that the others stay unseen; how
        many these are is returned.

        Raises:
            LabelsError: there are too few photos with a face.
            UnusableTeacher: a file of `teachers` holds another network.
            OSError: a file can't be written.
        """
        teacher, others = teachers.load()
        learnt = self._learnt(every_photo=False)
        run = self._run(config, "none", teachers, learnt=learnt.tolist(), ratings=False)
        views = self._dataset.views_with_unrated(learnt)
        context = self._context(run, "Learning faces", config, len(views))
        student = distil(teacher, others, views, config, context)
        training = asdict(config) | {"photos": len(learnt), "unrated": len(self._dataset.unrated)}
        training |= {"teachers": teachers.names}
        weights_of(student, config.side, training).write(out)
        return len(learnt)

    def _teacher_targets(self, teachers: TeacherFiles) -> TeacherTargets:
        teacher, others = teachers.load()
        photos = len(self._dataset) + len(self._dataset.unrated)
        progress = self._bar("Looking at faces", photos)
        return TeacherTargets([teacher, *others], self._dataset, self._device, progress)

    def _learnt(self, *, every_photo: bool) -> Indices:
        dataset = self._dataset
        learnt = np.arange(len(dataset)) if every_photo else dataset.of_split(*_LEARNT)
        require_enough(len(learnt), self.problems)
        return learnt

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
        """What a run is told from another by."""
        files = {"init": _digest_of(init), "teachers": teachers.digests() if teachers else []}
        return asdict(config) | files | {"photos": self._dataset.digest} | more

    def _context(
        self, run: dict[str, Any], title: str, config: TrainConfig, photos: int
    ) -> RunContext:
        progress = self._bar(title, config.loop(photos).steps)
        return RunContext(self._device, Checkpoint(self._cache, run), progress)


def _digest_of(init: str) -> str:
    return init if init in ("packaged", "none") else digest(Path(init))
