"""Training from files to files: what `attrai train` does, less its options and messages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from attrai.errors import LabelsError
from attrai.faces.alignment import CROP_SIDE
from attrai.inference import open_engine
from attrai.scoring.evaluation import (
    Assessment,
    Crops,
    CropShape,
    Predictions,
    evaluate,
    load_crops,
    predict,
    read_labels,
    require_enough,
)
from attrai.scoring.scorer import Scorer
from attrai.scoring.training.checkpoint import Checkpoint
from attrai.scoring.training.device import Device
from attrai.scoring.training.distillation import distil
from attrai.scoring.training.fitting import Lessons, fit
from attrai.scoring.training.folds import folds, groups
from attrai.scoring.training.guide import Guide, Rater
from attrai.scoring.training.loop import Conditions, Places
from attrai.scoring.training.material import SHAPE, Material
from attrai.scoring.training.network import ResNet34
from attrai.scoring.training.packaging import start_of, weights_of
from attrai.scoring.training.plan import Plan
from attrai.scoring.training.pupil import Lesson, Pupil
from attrai.scoring.training.teacher import SIDE, Teacher
from attrai.settings import Settings

#: A new bar with its title and length; called with how many more are done.
Bar = Callable[[str, int], Callable[[int], None]]

#: Photos of these splits are learnt from; those without one are as well.
_LEARNT = ("train", None)
#: How many networks guide the one that is trained, and how they learn.
_RATERS = 2
_RATERS_PLAN = Plan(epochs=12, batch=32, rate=2e-4, side=SIDE, seed=0)


class Workshop:
    """Labelled photos and where training happens."""

    def __init__(self, data: Path, cache: Path, settings: Settings, threads: int, bar: Bar) -> None:
        """A workshop for the photos in a folder.

        Args:
            data: with a labels.csv.
            cache: where crops and the state of interrupted runs are kept.
            settings: what a photo may be, and what computes the networks that only judge.
            threads: how many cores are used.
            bar: what shows how far it is.

        Raises:
            LabelsError: there are too few usable rows.
        """
        self._photos, self.problems = read_labels(data)
        self._cache = cache
        self._settings = settings
        self._threads = threads
        self._bar = bar
        self._device = Device.best(threads)

    def train(
        self, init: str, plan: Plan, out: Path, *, teacher: Path | None, every_photo: bool
    ) -> int:
        """Writes the weights of a scorer; the number of photos that it learnt from.

        Args:
            init: what the network starts as: "packaged", "none" or a file.
            plan: how it learns.
            out: the weights file.
            teacher: dlib's network, if networks grown from it are to guide.
            every_photo: whether to learn from photos of other splits than train too. Else those
                of val tell when to stop; with guides nothing does, as they keep it from learning
                photos by heart, and val remains unseen.

        Raises:
            LabelsError: there are too few photos with a face.
            UnusableTeacher: `teacher` is not dlib's network.
            WeightsError: `init` can't be used.
            OSError: a file can't be written.
        """
        learnt = self._learnt(every_photo=every_photo)
        judges = self._material.of_split("val")
        if every_photo or teacher:
            judges = judges[:0]
        network = self._learn(init, plan, teacher, learnt, judges, "")
        training = asdict(plan) | {"photos": len(learnt), "init": Path(init).name}
        training |= {"judges": len(judges), "raters": _RATERS if teacher else 0}
        weights_of(network, plan.side, training).write(out)
        return len(learnt)

    def cross_validate(self, init: str, plan: Plan, count: int, *, teacher: Path) -> Assessment:
        """How good networks are on photos that they have not seen, nor another of the person.

        Whose photos these are the teacher tells.

        Raises:
            As `train`.
        """
        material = self._material
        alike = groups(material.descriptors(Teacher.load(teacher)))
        if len(set(alike)) < count:
            raise LabelsError(f"{len(set(alike))} persons are too few for {count} folds")
        fold_of = folds(alike, count, plan.seed)
        engine = open_engine(self._settings.engine, 1)
        values, spreads = np.zeros(len(material)), np.zeros(len(material))
        done = []
        for fold in range(count):
            learnt, judged = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            run = self._run(plan, init, teacher, learnt=learnt.tolist(), predictions=True)
            done.append(kept := Checkpoint(self._cache, run))
            found = kept.read()
            if found is None:
                title = f"Fold {fold + 1} of {count}: "
                network = self._learn(init, plan, teacher, learnt, learnt[:0], title)
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

    def distil(self, teacher: Path, plan: Plan, out: Path) -> int:
        """Writes the weights of a network that knows faces as the teacher does, and no ratings.

        It learns from the photos of the split train alone, so that the others stay unseen; how
        many these are is returned.

        Raises:
            LabelsError: there are too few photos with a face.
            UnusableTeacher: `teacher` is not dlib's network.
            OSError: a file can't be written.
        """
        network = Teacher.load(teacher)
        learnt = self._learnt(every_photo=False)
        run = self._run(plan, "none", teacher, learnt=learnt.tolist(), ratings=False)
        conditions = self._conditions(run, "Learning faces", plan, len(learnt))
        pupil = distil(network, self._material.views(learnt), plan, conditions)
        training = asdict(plan) | {"photos": len(learnt), "teacher": teacher.name}
        weights_of(pupil, plan.side, training).write(out)
        return len(learnt)

    def _learn(
        self,
        init: str,
        plan: Plan,
        teacher: Path | None,
        learnt: Places,
        judges: Places,
        title: str,
    ) -> ResNet34:
        network = start_of(init, plan.seed)
        lessons = self._material.lessons(learnt)
        run = self._run(plan, init, teacher, learnt=learnt.tolist(), judges=judges.tolist())
        guide = self._guide(network, teacher, lessons, plan, run, title) if teacher else None
        conditions = self._conditions(run, f"{title}Learning", plan, len(learnt))
        judging = self._material.lessons(judges) if len(judges) else None
        return fit(network, lessons, plan, conditions, judging, guide)

    def _guide(
        self,
        network: ResNet34,
        teacher: Path,
        lessons: Lessons,
        plan: Plan,
        run: Mapping[str, Any],
        title: str,
    ) -> Guide:
        raters = []
        for number in range(_RATERS):
            raters_plan = replace(_RATERS_PLAN, seed=plan.seed + number)
            conditions = self._conditions(
                {**run, "rater": number},
                f"{title}Guide {number + 1} of {_RATERS}",
                raters_plan,
                len(lessons.views),
            )
            rater = Rater(Teacher.load(teacher))
            raters.append(fit(rater, lessons, raters_plan, conditions).to(self._device.name))
        lesson = Lesson(Teacher.load(teacher), lessons.views, self._device)
        return Guide(raters, lesson, Pupil(network, lessons.views, lesson, plan.side))

    def _learnt(self, *, every_photo: bool) -> Places:
        material = self._material
        learnt = np.arange(len(material)) if every_photo else material.of_split(*_LEARNT)
        require_enough(len(learnt), self.problems)
        return learnt

    @cached_property
    def _material(self) -> Material:
        crops = self._cut(SHAPE)
        served = self._cut(CropShape(CROP_SIDE))
        self.problems = sorted([*self.problems, *crops.problems], key=lambda p: p.row)
        return Material(crops, served.images)

    def _cut(self, shape: CropShape) -> Crops:
        return load_crops(
            self._photos,
            shape,
            self._settings,
            threads=self._threads,
            cache=self._cache,
            progress=self._bar("Finding faces", len(self._photos)),
        )

    def _run(self, plan: Plan, init: str, teacher: Path | None, **more: Any) -> dict[str, Any]:
        """What a run is told from another by."""
        files = {"init": _digest_of(init), "teacher": _digest(teacher) if teacher else None}
        return asdict(plan) | files | {"photos": self._material.digest} | more

    def _conditions(self, run: dict[str, Any], title: str, plan: Plan, photos: int) -> Conditions:
        progress = self._bar(title, plan.loop(photos).steps)
        return Conditions(self._device, Checkpoint(self._cache, run), progress)


def _digest_of(init: str) -> str:
    return init if init in ("packaged", "none") else _digest(Path(init))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
