"""How well children are told from adults: `python -m bench.ages --weights FILE`.

Among synthetic faces that raters took for 14 or younger, the share that gets no score should be at
least 95 %; among the adults of MEBeauty at most 1 %. The first are `omi/young` of ../shared/data.
MEBeauty doesn't say how old people are: those of its photos that clearly show somebody younger than
18 are listed in ages_children.txt, by eye. In doubt somebody counts as an adult.
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
    photographed = load_crops(
        photos, CropShape(CROP_SIDE), settings, threads=threads, progress=lambda _: None
    )
    listed = set(Path(__file__).with_name("ages_children.txt").read_text().split())
    adult = np.array([photo.path.stem not in listed for photo in photographed.kept])
    found = ages(photographed.images)
    of_adults, of_photographed_children = found[adult], found[~adult]
    folder = arguments.data / "omi" / "young"
    rows = list(csv.DictReader((folder / "labels.csv").read_text().splitlines()))
    of_young = ages(np.stack([_crop(folder / row["file"]) for row in rows]))
    rated = np.array([float(row["age"]) for row in rows])
    children = of_young[rated <= _CHILD]
    table = {
        f"rated {_CHILD} or younger": children,
        "children of MEBeauty": of_photographed_children,
        "adults of MEBeauty": of_adults,
    }
    print("Without a score", *(f"{len(these):,} {name}" for name, these in table.items()), sep="; ")
    print("minimum age", *table, sep="  ")
    for threshold in np.arange(10, 26, 0.5):
        shares = (f"{np.mean(these < threshold):{len(name)}.2%}" for name, these in table.items())
        print(f"{threshold:11.1f}", *shares, sep="  ")
    default = settings.minimum_age
    for name in ("gender", "ethnicity"):
        labels = np.array([getattr(photo, name) for photo in photographed.kept])[adult]
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
