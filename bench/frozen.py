"""How well ratings follow from the features of frozen face networks: `python -m bench.frozen`.

The baseline of every training: kernel ridge regression on their feature maps, solved in seconds and
evaluated on photos of unseen people, in the same folds as `attrai train --folds 5`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attrai_training.dlib_network import SIDE
from attrai_training.evaluation.metrics import regression_metrics
from attrai_training.pseudo_labels import DECAY, RIDGE
from attrai_training.teacher_files import TeacherFiles
from attrai_training.teachers import FaceNetwork
from bench.labelled import FOLDS, load, parser


@torch.no_grad()
def seen(network: FaceNetwork, crops: Iterable[Tensor]) -> list[Tensor]:
    """Return the network's features of batches of crops, each kind of shape (n, length)."""
    return [torch.cat(kind) for kind in zip(*map(network.regression_features, crops), strict=True)]


def distances(kinds: Iterable[Tensor]) -> list[NDArray[np.float64]]:
    """Return distances between photos by each kind: mean squares over standardised features."""
    apart = []
    for kind in kinds:
        numbers = kind.double()
        numbers = (numbers - numbers.mean(0)) / (numbers.std(0) + 1e-6)
        apart.append(torch.cdist(numbers, numbers).square().numpy() / numbers.shape[1])
    return apart


def cross_validated(
    apart: Sequence[NDArray[np.float64]], rated: NDArray[np.float64], fold_of: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Predict each photo's rating from the other folds; all kinds of distance count alike."""
    likeness = np.exp(-DECAY * np.mean(apart, axis=0))
    predicted = np.zeros_like(rated)
    for fold in range(FOLDS):
        train_indices, test_indices = (
            np.flatnonzero(fold_of != fold),
            np.flatnonzero(fold_of == fold),
        )
        among = likeness[np.ix_(train_indices, train_indices)] + RIDGE * np.eye(len(train_indices))
        usual = rated[train_indices].mean()
        coefficients = np.linalg.solve(among, rated[train_indices] - usual)
        predicted[test_indices] = (
            usual + likeness[np.ix_(test_indices, train_indices)] @ coefficients
        )
    return predicted


def main() -> None:
    """Print the correlation and the error in each fold and overall."""
    arguments = parser(__doc__.splitlines()[0]).parse_args()
    dataset, fold_of, rated = load(arguments)
    views = dataset.views(np.arange(len(dataset)))
    teacher, others = TeacherFiles(arguments.teacher, arguments.faceres).load()
    kinds = [distances(seen(one, views.all_plain(SIDE))) for one in (teacher, *others)]
    known = {"dlib's network": kinds[0]}
    if others:
        known |= {"faceres": kinds[1], "both": [*kinds[0], *kinds[1]]}
    for name, apart in known.items():
        predicted = cross_validated(apart, rated, fold_of)
        for fold in range(FOLDS):
            test_indices = fold_of == fold
            show(f"{name}, fold {fold + 1}", predicted[test_indices], rated[test_indices])
        show(f"{name}, all", predicted, rated)


def show(name: str, predicted: NDArray[np.float64], rated: NDArray[np.float64]) -> None:
    """Print one line of metrics."""
    found = regression_metrics(predicted, rated)
    print(
        f"{name}: {found.photos:,} photos, PC {found.pearson.value:.3f}, MAE {found.mae.value:.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
