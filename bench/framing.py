"""How much of the ratings the framing of a photo explains: `python -m bench.framing`.

A wider crop seems to say more about the ratings, since it shows hair, neck and background. On
labelled photos it also shows where the photo ends. This benchmark adds to the features that dlib's
network sees in the scorer's crop those of a wider crop, or only the outline of the photo.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from attrai.inference import Images
from attrai_training.augmentation import Views
from attrai_training.dlib_network import SIDE, Teacher
from attrai_training.evaluation import CropShape
from bench.frozen import cross_validated, distances, seen, show
from bench.labelled import cut, load, parser

#: The extra width of the wider crop on each side, in sides of the scorer's crop.
MARGIN = 0.6
#: The outline is described on a grid of this many cells a side.
CELLS = 9


def outlines(crops: Images) -> Tensor:
    """Return the share of each cell that the photo covers; beyond its edges a crop is black."""
    covered = crops.any(3).astype(np.float32)
    cells = [cv2.resize(one, (CELLS, CELLS), interpolation=cv2.INTER_AREA) for one in covered]
    return torch.from_numpy(np.stack(cells)).flatten(1)


def main() -> None:
    """Print the correlation and the error for each set of features."""
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
