"""Tests of fine-tuning, distillation and augmentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from attrai_training.augmentation import Views, augmented, plain
from attrai_training.distillation import distil
from attrai_training.dlib_network import SIDE as TEACHERS_SIDE
from attrai_training.dlib_network import Teacher
from attrai_training.evaluation import LabelledPhoto
from attrai_training.finetuning import TrainingSet, fit
from attrai_training.loop import Checkpoint, Device, RunContext, TrainConfig
from attrai_training.packaging import initial_network
from attrai_training.ratings import Targets, mean

#: The side of the crops that the network gets; it trains on crops of the teacher's side.
SIDE = 32
BORDER = round(0.2 * TEACHERS_SIDE)
DEVICE = Device("cpu", half=False, threads=torch.get_num_threads())


def training_set(count: int, seed: int) -> TrainingSet:
    """Crops whose score is their brightness; enough of it survives augmentation to learn it."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(1, 10, count)
    whole = TEACHERS_SIDE + 2 * BORDER
    noise = rng.integers(-15, 15, (count, whole, whole, 3))
    images = (noise + 25 * scores[:, None, None, None]).clip(0, 255).astype(np.uint8)
    photos = [LabelledPhoto(Path("photo.jpg"), score) for score in scores]
    return TrainingSet(Views(images, 0.2), Targets.of(photos))


def context(folder: Path) -> RunContext:
    """A run context on the CPU that ignores progress."""
    return RunContext(DEVICE, Checkpoint(folder, {}), lambda _: None)


def test_it_learns_what_it_is_shown(tmp_path: Path) -> None:
    """A network trained from scratch rates unseen crops by what their ratings depend on."""
    config = TrainConfig(epochs=4, batch=16, rate=1e-3, side=SIDE, seed=1)
    network = fit(initial_network("none", 1), training_set(96, 1), config, context(tmp_path))
    test_set = training_set(64, 2)
    with torch.no_grad():
        logits = torch.cat([network(part) for part in test_set.views.all_plain(SIDE)])
    rated = mean(logits.softmax(1))
    assert np.corrcoef(rated, test_set.targets.means)[0, 1] > 0.8


def test_it_ends_when_nothing_gets_better(tmp_path: Path) -> None:
    """Training stops early when the validation set's ratings contradict the training set's."""
    told = 0

    def progress(steps: int) -> None:
        nonlocal told
        told += steps

    contrary = training_set(64, 3)
    contrary.targets.means.neg_().add_(11)
    contrary.targets.distributions.copy_(contrary.targets.distributions.flip(1))
    config = TrainConfig(epochs=30, batch=16, rate=1e-3, side=SIDE, seed=1)
    keeping = RunContext(DEVICE, Checkpoint(tmp_path, {}), progress)
    fit(initial_network("none", 1), training_set(48, 1), config, keeping, validation=contrary)
    assert told < config.loop(48).steps
    assert not list(tmp_path.iterdir())


def test_distillation_gives_a_network_without_ratings(tmp_path: Path) -> None:
    """Distillation runs for a few steps, and leaves the last layer zero for the ratings to come."""
    torch.manual_seed(0)
    views = training_set(8, 0).views
    teacher = Teacher()
    teacher.freeze()
    config = TrainConfig(epochs=2, batch=4, rate=1e-4, side=64, seed=0)
    network = distil(teacher, [], views, config, context(tmp_path))
    assert all(tensor.isfinite().all() for tensor in network.state_dict().values())
    assert not network.fc.weight.any()


def test_views_are_crops_again() -> None:
    """The plain view of a crop with a margin is the crop; an augmented one depends on the seed."""
    image = np.random.default_rng(0).integers(0, 256, (180, 180, 3), np.uint8)
    assert np.array_equal(plain(image, 128, 26 / 128), image[26:-26, 26:-26])
    first, again, other = (
        augmented(image, 128, 26 / 128, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.shape == (128, 128, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
