"""What of the ratings follows from how a photo is cut around the face: `python -m bench.framing`.

A wider crop seems to tell more of the ratings, as it shows hair, neck and background. On labelled
photos it also shows where the photo ends. This adds to what dlib's network sees in the scorer's
crop what it sees in a wider one, or the outline of the photo alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor

from attrai.inference import Images
from attrai.scoring.evaluation import CropShape
from attrai.scoring.training.teacher import SIDE, Teacher
from bench.frozen import cross_validated, seen, show
from bench.labelled import cut, load, parser

#: How much more a wider crop shows on each side, in sides of the scorer's.
MARGIN = 0.6
#: The outline is told by so many cells a side.
CELLS = 9


def narrowed(crops: Images) -> Iterator[Tensor]:
    """Wider crops at the side that dlib's network wants, in batches."""
    for start in range(0, len(crops), 64):
        small = [
            cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            for crop in crops[start : start + 64]
        ]
        yield torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float()


def outlines(crops: Images) -> Tensor:
    """How much of each cell the photo covers; beyond its edges a crop is black."""
    covered = crops.any(3).astype(np.float32)
    cells = [cv2.resize(one, (CELLS, CELLS), interpolation=cv2.INTER_AREA) for one in covered]
    return torch.from_numpy(np.stack(cells)).flatten(1)


def main() -> None:
    """Prints the correlation and the error by what is known."""
    arguments = parser(__doc__.splitlines()[0]).parse_args()
    material, fold_of, rated = load(arguments)
    wide = cut(arguments, CropShape(SIDE, MARGIN)).images
    teacher = Teacher.load(arguments.teacher)
    crop = seen(teacher, material.views(np.arange(len(material))).all_plain(SIDE))
    wider, outline = seen(teacher, narrowed(wide)), [outlines(wide)]
    show("outline", cross_validated(outline, rated, fold_of), rated)
    show("crop", cross_validated(crop, rated, fold_of), rated)
    show("crop, wider crop", cross_validated(crop + wider, rated, fold_of), rated)
    show("crop, outline", cross_validated(crop + outline, rated, fold_of), rated)
    both = cross_validated(crop + wider + outline, rated, fold_of)
    show("crop, wider crop, outline", both, rated)


if __name__ == "__main__":
    main()
