"""The installed detectors and scorers side by side: `make bench`, or `python -m bench.parts`.

All of them work on the same photos in turn, in one process with one thread, but for what a plug-in
starts itself. A detector's faces are compared with those of `mtcnn`. What can't be opened is named
with the reason; settings, such as ATTRAI_WEIGHTS, are those of the environment.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import NamedTuple, TypeVar

import numpy as np

from attrai.errors import CannotStart, NoFace, SettingsError
from attrai.faces import DETECTORS, FaceFinder, crop_faces
from attrai.faces.boxes import iou_matrix
from attrai.images.codecs import unpack_photo
from attrai.inference import Engine, FloatArray, Images, open_engine
from attrai.job import Face
from attrai.scoring import SCORERS, FaceScorer
from attrai.settings import Settings, load_settings
from bench.stages_photos import Case, cases
from bench.torchvision_shim import make_facenet_usable

#: What the others are compared with.
REFERENCE = "mtcnn"
#: Boxes whose IoU is at least this are of the same face.
SAME_FACE_IOU = 0.5
#: How often each photo is processed before the times count.
_WARM_UP = 2

Part = TypeVar("Part")


class Agreement(NamedTuple):
    """How the faces that a detector found on a photo compare with those of another."""

    ious: list[float]  #: of the faces that both found
    missed: int  #: how many only the other found
    more: int  #: how many the other didn't find


@dataclass
class Row:
    """What is measured of one plug-in with one kind of photo."""

    seconds: list[float] = field(default_factory=list)
    results: list[Agreement] = field(default_factory=list)

    @property
    def ms(self) -> float:
        """The median time for a photo, in milliseconds."""
        return 1000 * statistics.median(self.seconds)


def open_all(names: Sequence[str], open_one: Callable[[str], Part]) -> dict[str, Part]:
    """Open plug-ins by name, and print why others can't be opened."""
    opened = {}
    for name in names:
        try:
            opened[name] = open_one(name)
        except (CannotStart, SettingsError) as error:
            print(f"  {name}: {error}")
    return opened


def compare_faces(found: Sequence[Face], expected: Sequence[Face]) -> Agreement:
    """Pair the faces of two detectors, the best overlaps first."""
    overlaps = iou_matrix(_boxes(found), _boxes(expected)).copy()
    ious = []
    while overlaps.size and overlaps.max() >= SAME_FACE_IOU:
        row, column = np.unravel_index(overlaps.argmax(), overlaps.shape)
        ious.append(float(overlaps[row, column]))
        overlaps[row], overlaps[:, column] = 0, 0
    return Agreement(ious, len(expected) - len(ious), len(found) - len(ious))


def _boxes(faces: Sequence[Face]) -> FloatArray:
    return np.array([face.box for face in faces], np.float32).reshape(-1, 4)


def measure_detectors(
    finders: Mapping[str, FaceFinder], photos: Sequence[Images], rounds: int
) -> dict[str, Row]:
    """Return what is measured of each detector on these photos."""
    rows = {name: Row() for name in finders}
    for turn in range(_WARM_UP + rounds):
        photo = photos[turn % len(photos)]
        found = {}
        for name in _in_turn(finders, turn):
            started = time.perf_counter()
            found[name] = finders[name](photo).faces
            if turn >= _WARM_UP:
                rows[name].seconds.append(time.perf_counter() - started)
        for name, faces in found.items():
            if turn >= _WARM_UP:
                rows[name].results.append(compare_faces(faces, found[REFERENCE]))
    return rows


def measure_scorers(
    scorers: Mapping[str, FaceScorer], crops: Sequence[Images], rounds: int
) -> dict[str, Row]:
    """Return how long each scorer takes for the faces of each photo."""
    rows = {name: Row() for name in scorers}
    for turn in range(_WARM_UP + rounds):
        for name in _in_turn(scorers, turn):
            started = time.perf_counter()
            scorers[name](crops[turn % len(crops)])
            if turn >= _WARM_UP:
                rows[name].seconds.append(time.perf_counter() - started)
    return rows


def _in_turn(parts: Mapping[str, object], turn: int) -> list[str]:
    """Return the names in an order that changes, so that nobody always comes after the same."""
    return list(parts)[:: 1 if turn % 2 else -1]


def show(case: str, rows: Mapping[str, Row]) -> None:
    """Print a line for each plug-in."""
    print(f"\n{case:30}  ms a photo" + "   same faces   IoU  missed  more" * _has_results(rows))
    for name, row in rows.items():
        line = f"  {name:28}{row.ms:12.1f}"
        if row.results:
            ious = [iou for result in row.results for iou in result.ious]
            mean = f"{statistics.mean(ious):.2f}" if ious else "-"
            missed, more = (sum(r.missed for r in row.results), sum(r.more for r in row.results))
            line += f"{len(ious):13}{mean:>6}{missed:8}{more:6}"
        print(line, flush=True)


def _has_results(rows: Mapping[str, Row]) -> bool:
    return any(row.results for row in rows.values())


def run(settings: Settings, engine: Engine, kinds: Sequence[Case], rounds: int) -> None:
    """Print both comparisons."""
    if find_spec("facenet_pytorch"):
        make_facenet_usable()
    print("Detectors")
    finders = open_all(
        [REFERENCE, *(name for name in DETECTORS.names() if name != REFERENCE)],
        lambda name: FaceFinder.open(settings.model_copy(update={"detector": name}), engine),
    )
    photos = {case.name: [np.asarray(unpack_photo(p)) for p in case.photos] for case in kinds}
    for name, of_kind in photos.items():
        show(name, measure_detectors(finders, of_kind, rounds))
    print("\nScorers")
    scorers = open_all(SCORERS.names(), lambda name: FaceScorer.open(_with(settings, name), engine))
    for name, of_kind in photos.items():
        crops = []
        for photo in of_kind:
            try:
                crops.append(crop_faces(photo, finders[REFERENCE]).crops)
            except NoFace:
                continue
        if crops and scorers:
            show(name, measure_scorers(scorers, crops, rounds))


def _with(settings: Settings, scorer: str) -> Settings:
    # The weights in the settings are those of the scorer in the settings.
    weights = settings.weights if scorer == settings.scorer else None
    return settings.model_copy(update={"scorer": scorer, "weights": weights})


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    settings = load_settings()
    run(settings, open_engine(settings.engine, threads=1), cases(photos=4), arguments.rounds)


if __name__ == "__main__":
    main()
