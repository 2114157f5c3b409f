"""How well children are told from adults: `python -m bench.ages --weights FILE`.

Among synthetic faces that raters took for 14 or younger, the share that gets no score should be at
least 95 %; among the adults of MEBeauty at most 1 %. The first are `omi/young` of ../shared/data.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import Images, open_engine
from attrai.scoring import PACKAGED, ResNet34Scorer
from attrai.settings import load_settings
from attrai_training.evaluation import CropShape, load_crops, predict, read_labels
from testing.faults import ROOT

_DATA = ROOT.parent / "shared" / "data"
#: The age up to which raters took a face for a child's.
_CHILD = 14
#: The side of the crops of omi without their margins, and those, in pixels.
_SIDE, _MARGIN = 150, 30


def main() -> None:
    """Print the shares by threshold, and by group at the default one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=PACKAGED)
    parser.add_argument("--data", type=Path, default=_DATA)
    arguments = parser.parse_args()
    settings, threads = load_settings(), os.cpu_count() or 1
    scorer = ResNet34Scorer.load(arguments.weights, open_engine(settings.engine, threads))

    def ages(crops: Images) -> NDArray[np.float64]:
        found = predict(crops, scorer, threads, lambda _: None).ages
        if found is None:
            raise SystemExit(f"{arguments.weights}: has no age head")
        return found

    photos, _ = read_labels(arguments.data / "mebeauty")
    adults = load_crops(
        photos, CropShape(CROP_SIDE), settings, threads=threads, progress=lambda _: None
    )
    of_adults = ages(adults.images)
    folder = arguments.data / "omi" / "young"
    rows = list(csv.DictReader((folder / "labels.csv").read_text().splitlines()))
    of_young = ages(np.stack([_crop(folder / row["file"]) for row in rows]))
    rated = np.array([float(row["age"]) for row in rows])
    children = of_young[rated <= _CHILD]
    print(f"{len(children)} faces rated {_CHILD} or younger, {len(of_adults):,} adults")
    for threshold in np.arange(10, 26, 0.5):
        without, refused = np.mean(children < threshold), np.mean(of_adults < threshold)
        print(
            f"minimum age {threshold:4.1f}: without a score {without:6.1%}, adults {refused:6.2%}"
        )
    default = settings.minimum_age
    for name in ("gender", "ethnicity"):
        labels = np.array([getattr(photo, name) for photo in adults.kept])
        for label in np.unique(labels):
            refused = np.mean(of_adults[labels == label] < default)
            print(f"adults, {label}, at {default}: {refused:.2%} of {np.sum(labels == label)}")
    print(f"correlation with rated age, of {len(rated)} young faces:", end=" ")
    print(f"{np.corrcoef(of_young, rated)[0, 1]:.2f}")


def _crop(path: Path) -> Images:
    """Read a crop of omi and cut off its margins."""
    image = cv2.imread(str(path))[:, :, ::-1]
    core = image[_MARGIN : _MARGIN + _SIDE, _MARGIN : _MARGIN + _SIDE]
    return np.asarray(cv2.resize(core, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA))


if __name__ == "__main__":
    main()
