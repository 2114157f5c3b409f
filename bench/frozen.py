"""How well ratings follow from what dlib's face network sees as it is: `python -m bench.frozen`.

The yardstick of every training: kernel ridge regression on its maps, solved in seconds, judged on
photos of people whom it does not know, in the same folds as `attrai train --folds 5`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from attrai.scoring.evaluation.agreement import agreement
from attrai.scoring.training.teacher import SIDE, Teacher
from bench.labelled import FOLDS, load, parser

#: The last blocks of the sizes of its maps, less the largest, which tell little.
BLOCKS = (6, 9, 12, 13)
#: Maps are averaged in at most so many cells a side.
CELLS = 3
#: How fast likeness falls with distance, and the ridge: half or twice as much changes the
#: correlation by less than 0.005.
DECAY, RIDGE = 0.2, 0.3


@torch.no_grad()
def kinds_of(teacher: Teacher, crops: Tensor) -> list[Tensor]:
    """What it sees: the cells of its maps, and its descriptor; each of shape (n, numbers)."""
    kinds: list[Tensor] = []

    def keep(_: object, __: object, level: Tensor) -> None:
        cells = min(CELLS, level.shape[2])
        kinds.append(functional.adaptive_avg_pool2d(level, cells).flatten(1))

    hooks = [teacher.blocks[number].register_forward_hook(keep) for number in BLOCKS]
    descriptors = teacher(crops)
    for hook in hooks:
        hook.remove()
    return [*kinds, descriptors]


def seen(teacher: Teacher, batches: Iterable[Tensor]) -> list[Tensor]:
    """What it sees in crops, each kind of shape (n, numbers); the same for a mirrored crop."""
    kinds = []
    for crops in batches:
        both = zip(kinds_of(teacher, crops), kinds_of(teacher, crops.flip(3)), strict=True)
        kinds.append([(one + mirrored) / 2 for one, mirrored in both])
    return [torch.cat(kind) for kind in zip(*kinds, strict=True)]


def distances(kinds: Iterable[Tensor]) -> list[NDArray[np.float64]]:
    """How far apart photos are by each kind: the mean square over its standardised numbers."""
    apart = []
    for kind in kinds:
        numbers = kind.double()
        numbers = (numbers - numbers.mean(0)) / (numbers.std(0) + 1e-6)
        apart.append(torch.cdist(numbers, numbers).square().numpy() / numbers.shape[1])
    return apart


def cross_validated(
    apart: Sequence[NDArray[np.float64]], rated: NDArray[np.float64], fold_of: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The ratings of each photo by those of the other folds; all kinds of distance count alike."""
    likeness = np.exp(-DECAY * np.mean(apart, axis=0))
    predicted = np.zeros_like(rated)
    for fold in range(FOLDS):
        learnt, judged = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        among = likeness[np.ix_(learnt, learnt)] + RIDGE * np.eye(len(learnt))
        usual = rated[learnt].mean()
        coefficients = np.linalg.solve(among, rated[learnt] - usual)
        predicted[judged] = usual + likeness[np.ix_(judged, learnt)] @ coefficients
    return predicted


def main() -> None:
    """Prints the correlation and the error in each fold and in all."""
    arguments = parser(__doc__.splitlines()[0]).parse_args()
    material, fold_of, rated = load(arguments)
    crops = material.views(np.arange(len(material))).all_plain(SIDE)
    apart = distances(seen(Teacher.load(arguments.teacher), crops))
    predicted = cross_validated(apart, rated, fold_of)
    for fold in range(FOLDS):
        judged = fold_of == fold
        show(f"fold {fold + 1}", predicted[judged], rated[judged])
    show("all", predicted, rated)


def show(name: str, predicted: NDArray[np.float64], rated: NDArray[np.float64]) -> None:
    """Prints a line."""
    found = agreement(predicted, rated)
    print(
        f"{name}: {found.photos:,} photos, PC {found.pearson.value:.3f}, MAE {found.mae.value:.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
