"""Tests of pseudo labels and of the training sets made with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from attrai_training.dataset import Dataset
from attrai_training.dlib_network import Teacher
from attrai_training.evaluation import Crops, LabelledPhoto
from attrai_training.network import RATINGS
from attrai_training.pseudo_labels import PseudoLabels, TeacherTargets
from attrai_training.ratings import mean
from tests.training.test_fitting import BORDER, DEVICE, TEACHERS_SIDE

RATED, UNRATED = 150, 50


def seen() -> list[Tensor]:
    """Two kinds of random features; the scores depend on the first."""
    rng = np.random.default_rng(0)
    faces = RATED + UNRATED
    return [torch.from_numpy(rng.normal(size=(faces, numbers))).float() for numbers in (3, 4)]


def rated_around(scores: Tensor) -> Tensor:
    """Distributions over the ratings, centred on `scores`."""
    return (-((torch.arange(1, RATINGS + 1) - scores[:, None]) ** 2) / 2).softmax(1)


def test_opinions_follow_from_faces_alike() -> None:
    """The pseudo labels of a face follow the ratings of rated faces with similar features."""
    kinds = seen()
    scores = 5.5 + kinds[0][:, 0]
    pseudo_labels, known = PseudoLabels(kinds, RATED), np.arange(100)
    distributions = rated_around(scores[:100])
    said = pseudo_labels.predict_unrated(known, distributions)
    assert said.shape == (UNRATED, RATINGS)
    assert torch.allclose(said.sum(1), torch.ones(UNRATED), atol=1e-5)
    assert np.corrcoef(mean(said), scores[RATED:])[0, 1] > 0.8
    reverse = pseudo_labels.predict_unrated(known, distributions.flip(1))
    assert np.corrcoef(mean(reverse), scores[RATED:])[0, 1] < -0.8


def test_opinions_on_a_rated_face_do_not_know_its_ratings() -> None:
    """Out-of-fold labels predict ratings that depend on the features, but not shuffled ones."""
    kinds = seen()
    pseudo_labels, known = PseudoLabels(kinds, RATED), np.arange(RATED)
    scores = 5.5 + kinds[0][:RATED, 0]
    said = pseudo_labels.out_of_fold(known, rated_around(scores))
    assert np.corrcoef(mean(said), scores)[0, 1] > 0.8
    shuffled = scores[torch.from_numpy(np.random.default_rng(1).permutation(RATED))]
    said = pseudo_labels.out_of_fold(known, rated_around(shuffled))
    assert np.corrcoef(mean(said), shuffled)[0, 1] < 0.3


def test_what_is_taught() -> None:
    """Rated photos get ratings mixed with pseudo labels, unrated ones pseudo labels alone."""
    rng = np.random.default_rng(0)
    side = TEACHERS_SIDE + 2 * BORDER
    light = rng.uniform(0, 200, 24)
    images = np.broadcast_to(light[:, None, None, None], (24, side, side, 3)).astype(np.uint8)
    photos = [LabelledPhoto(Path("photo.jpg"), 1 + 9 * one / 200) for one in light[:20]]
    dataset = Dataset(Crops(images[:20], photos, []), images[:20], images[20:])
    torch.manual_seed(0)
    teacher = Teacher()
    teacher.freeze()
    looked: list[int] = []
    teacher_targets = TeacherTargets([teacher], dataset, DEVICE, looked.append)
    assert sum(looked) == 24
    train_indices = np.arange(15)
    training_set = teacher_targets.training_set(train_indices)
    assert len(training_set.views) == len(training_set.targets.means) == 15 + 4
    plain = dataset.training_set(train_indices).targets
    taught = training_set.targets
    assert torch.allclose(taught.distributions.sum(1), torch.ones(19), atol=1e-4)
    assert np.corrcoef(taught.means[:15], plain.means)[0, 1] > 0.9
    assert not torch.allclose(taught.distributions[:15], plain.distributions, atol=1e-3)
    assert np.corrcoef(taught.means[15:], light[20:])[0, 1] > 0.5
