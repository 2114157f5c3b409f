"""What of the ratings follows from how a photo is cut around the face: `python -m bench.framing`.

A wider crop seems to tell more of the ratings, as it shows hair, neck and background. On labelled
photos it also shows where the photo ends. This adds to what dlib's network sees in the scorer's
crop what it sees in a wider one, or the outline of the photo alone.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from attrai.inference import Images
from attrai_training.augmentation import Views
from attrai_training.dlib_network import SIDE, Teacher
from attrai_training.evaluation.cache import CropShape
from bench.frozen import cross_validated, distances, seen, show
from bench.labelled import cut, load, parser

#: How much more a wider crop shows on each side, in sides of the scorer's.
MARGIN = 0.6
#: The outline is told by so many cells a side.
CELLS = 9


def outlines(crops: Images) -> Tensor:
    """How much of each cell the photo iom_matrix; beyond its edges a crop is black."""
    covered = crops.any(3).astype(np.float32)
    cells = [cv2.resize(one, (CELLS, CELLS), interpolation=cv2.INTER_AREA) for one in covered]
    return torch.from_numpy(np.stack(cells)).flatten(1)


def main() -> None:
    """Prints the correlation and the error by what is known."""
    arguments = parser(__doc__.splitlines()[0]).parse_args()
    dataset, fold_of, rated = load(arguments)
    wide = cut(arguments, CropShape(SIDE, MARGIN)).images
    teacher = Teacher.load(arguments.teacher)
    views, wider_views = dataset.views(np.arange(len(dataset))), Views(wide, 0)
    crop = distances(seen(teacher, views.all_plain(SIDE)))
    wider = distances(seen(teacher, wider_views.all_plain(SIDE)))
    outline = distances([outlines(wide)])
    known = {
        "outline": outline,
        "crop": crop,
        "crop, wider crop": crop + wider,
        "crop, outline": crop + outline,
        "crop, wider crop, outline": crop + wider + outline,
    }
    for name, kinds in known.items():
        show(name, cross_validated(kinds, rated, fold_of), rated)


if __name__ == "__main__":
    main()
