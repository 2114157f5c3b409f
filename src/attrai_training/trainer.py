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
from attrai_training.dataset import Bar, Material, load_material
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
from attrai_training.loop import Checkpoint, Conditions, Device, Places, Plan
from attrai_training.packaging import start_of, weights_of
from attrai_training.targets import Teaching
from attrai_training.teacher_files import TeacherFiles, digest

#: Photos of these splits are learnt from; those without one are as well.
_LEARNT = ("train", None)


class Workshop:
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
        """A workshop for the photos in a folder.

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
        self, init: str, plan: Plan, out: Path, *, teachers: TeacherFiles | None, every_photo: bool
    ) -> int:
        """Writes the weights of a scorer; the number of photos with ratings that it learnt from.

        Args:
            init: what the network starts as: "packaged", "none" or a file.
            plan: how it learns.
            out: the weights file.
            teachers: networks whose opinions are to be learnt as well, if any.
            every_photo: whether to learn from photos of other splits than train too. Else those
                of val tell when to stop; with teachers nothing does, as opinions keep it from
                learning photos by heart, and val remains unseen.

        Raises:
            LabelsError: there are too few photos with a face.
            UnusableTeacher: a file of `teachers` holds another network.
            WeightsError: `init` can't be used.
            OSError: a file can't be written.
        """
        material = self._material
        learnt = self._learnt(every_photo=every_photo)
        judges = material.of_split(*([] if every_photo or teachers else ["val"]))
        run = self._run(plan, init, teachers, learnt=learnt.tolist(), judges=judges.tolist())
        network = start_of(init, plan.seed)
        lessons = self._teaching(teachers).lessons(learnt) if teachers else material.lessons(learnt)
        conditions = self._conditions(run, "Learning", plan, len(lessons.views))
        judging = material.lessons(judges) if len(judges) else None
        network = fit(network, lessons, plan, conditions, judging)
        training = asdict(plan) | {"photos": len(learnt), "init": Path(init).name}
        training |= {"judges": len(judges), "teachers": teachers.names if teachers else []}
        training |= {"unrated": len(material.unrated)}
        weights_of(network, plan.side, training).write(out)
        return len(learnt)

    def cross_validate(
        self, init: str, plan: Plan, count: int, *, teachers: TeacherFiles
    ) -> Assessment:
        """How good networks are on photos that they have not seen, nor another of the person.

        Whose photos these are dlib's network tells.

        Raises:
            As `train`.
        """
        material = self._material
        alike = groups(material.descriptors(Teacher.load(teachers.dlib)))
        if len(set(alike)) < count:
            raise LabelsError(f"{len(set(alike))} persons are too few for {count} folds")
        fold_of = folds(alike, count, plan.seed)
        engine = open_engine(self._settings.engine, 1)
        teaching = self._teaching(teachers)
        values, spreads = np.zeros(len(material)), np.zeros(len(material))
        done = []
        for fold in range(count):
            learnt, judged = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            run = self._run(plan, init, teachers, learnt=learnt.tolist())
            done.append(kept := Checkpoint(self._cache, run | {"predictions": True}))
            found = kept.read()
            if found is None:
                lessons = teaching.lessons(learnt)
                title = f"Fold {fold + 1} of {count}"
                conditions = self._conditions(run, title, plan, len(lessons.views))
                network = fit(start_of(init, plan.seed), lessons, plan, conditions)
                scorer = Scorer.of(weights_of(network, CROP_SIDE, {}), engine)
                predicted = predict(material.served[judged], scorer, 1, lambda _: None)
                found = {name: array.tolist() for name, array in predicted._asdict().items()}
                kept.write(found)
            values[judged], spreads[judged] = found["values"], found["spreads"]
        for kept in done:
            kept.delete()
        photos = material.crops.kept
        evaluation = evaluate(values, spreads, photos)
        return Assessment(photos, Predictions(values, spreads), evaluation, self.problems)

    def distil(self, teachers: TeacherFiles, plan: Plan, out: Path) -> int:
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
        run = self._run(plan, "none", teachers, learnt=learnt.tolist(), ratings=False)
        views = self._material.views_with_unrated(learnt)
        conditions = self._conditions(run, "Learning faces", plan, len(views))
        pupil = distil(teacher, others, views, plan, conditions)
        training = asdict(plan) | {"photos": len(learnt), "unrated": len(self._material.unrated)}
        training |= {"teachers": teachers.names}
        weights_of(pupil, plan.side, training).write(out)
        return len(learnt)

    def _teaching(self, teachers: TeacherFiles) -> Teaching:
        teacher, others = teachers.load()
        photos = len(self._material) + len(self._material.unrated)
        progress = self._bar("Looking at faces", photos)
        return Teaching([teacher, *others], self._material, self._device, progress)

    def _learnt(self, *, every_photo: bool) -> Places:
        material = self._material
        learnt = np.arange(len(material)) if every_photo else material.of_split(*_LEARNT)
        require_enough(len(learnt), self.problems)
        return learnt

    @cached_property
    def _material(self) -> Material:
        material = load_material(
            self._photos,
            self._unrated,
            self._settings,
            threads=self._threads,
            cache=self._cache,
            bar=self._bar,
        )
        self.problems = sorted([*self.problems, *material.crops.problems], key=lambda p: p.row)
        return material

    def _run(
        self, plan: Plan, init: str, teachers: TeacherFiles | None, **more: Any
    ) -> dict[str, Any]:
        """What a run is told from another by."""
        files = {"init": _digest_of(init), "teachers": teachers.digests() if teachers else []}
        return asdict(plan) | files | {"photos": self._material.digest} | more

    def _conditions(self, run: dict[str, Any], title: str, plan: Plan, photos: int) -> Conditions:
        progress = self._bar(title, plan.loop(photos).steps)
        return Conditions(self._device, Checkpoint(self._cache, run), progress)


def _digest_of(init: str) -> str:
    return init if init in ("packaged", "none") else digest(Path(init))
