"""Tests of training a ResNet34 on what teachers see, ages and ratings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from attrai_training.evaluation import LabelledPhoto
from attrai_training.loop import Checkpoint, Pool, RunContext, TrainConfig
from attrai_training.network import ScorerNetwork
from attrai_training.student import Lessons, learn, mean_rating, ratings_loss
from attrai_training.targets import rating_distributions
from attrai_training.views import Views, plain_crops
from tests.training.teachers import DEVICE, faces

FACES, SIDE = 40, 32
LEARNT = Pool(np.arange(FACES))
CONFIG = TrainConfig(steps=40, rate=1e-3, head_factor=5, decay=0.01, batch=16, seed=1)


def lessons(seed: int) -> Lessons:
    """Views whose rating, age and description are how bright they are."""
    light = np.random.default_rng(seed).uniform(20, 230, FACES)
    images = faces(light)
    views = Views.of(images, np.arange(FACES), 1, seed)
    photos = [LabelledPhoto(Path("photo.jpg"), 5)] * FACES
    ratings = torch.from_numpy(rating_distributions(photos, 1 + 9 * light / 255)).float()
    units = torch.from_numpy(light).float()[:, None] / 255
    return Lessons(views, units.repeat(1, 2), 80 * units, ratings)


def learnt(network: ScorerNetwork, given: Lessons, steps: int, folder: Path) -> ScorerNetwork:
    context = RunContext(DEVICE, Checkpoint(folder, ["run"]), lambda _: None)
    config = replace(CONFIG, steps=steps)
    return learn(network, given, [LEARNT], SIDE, config, context)


def new_network() -> ScorerNetwork:
    torch.manual_seed(0)
    return ScorerNetwork()


@torch.no_grad()
def outputs(network: ScorerNetwork) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return scores and ages of other faces than those learnt, and what they should be."""
    unseen = lessons(2)
    crops = DEVICE.images(plain_crops(unseen.views.faces, SIDE))
    features = network.eval().features(crops)
    assert unseen.ratings is not None
    scores = mean_rating(network.fc(features).softmax(1))
    return scores, network.age(features)[:, 0], mean_rating(unseen.ratings), unseen.ages[:, 0]


def correlation(first: Tensor, second: Tensor) -> float:
    return float(np.corrcoef(first, second)[0, 1])


def test_it_learns_what_it_is_shown(tmp_path: Path) -> None:
    """Heads that know the wrong thing rate unseen faces by what their ratings depend on."""
    network = new_network()
    for head in (network.fc, network.age):
        torch.nn.init.normal_(head.weight, std=0.01)
    before = outputs(network)
    scores, ages, rated, aged = outputs(learnt(network, lessons(1), CONFIG.steps, tmp_path))
    assert correlation(scores, rated) > 0.8
    assert correlation(ages, aged) > 0.8
    assert (scores - rated).abs().mean() < 0.8 * (before[0] - rated).abs().mean()
    assert not list(tmp_path.iterdir())


def test_new_heads_are_fitted_first(tmp_path: Path) -> None:
    """A network without heads predicts ratings and ages right away; known heads are kept."""
    network = learnt(new_network(), lessons(1), 1, tmp_path)
    scores, ages, rated, aged = outputs(network)
    assert correlation(scores, rated) > 0.7
    assert correlation(ages, aged) > 0.7
    kept = network.fc.weight.clone()
    again = learnt(network, lessons(3), 1, tmp_path)
    torch.testing.assert_close(again.fc.weight, kept, atol=0.02, rtol=0)


def test_the_weights_are_averaged(tmp_path: Path) -> None:
    """The result is not the last network but the average of all of them."""
    network, seen = new_network(), []
    context = RunContext(
        DEVICE,
        Checkpoint(tmp_path, ["run"]),
        lambda _: seen.append(network.get_parameter("conv1.weight").detach().clone()),
    )
    learn(network, lessons(1), [LEARNT], SIDE, replace(CONFIG, steps=3), context)
    first, second, last = seen
    expected = 2 / 11 * (0.1 * first + 0.9 * second) + 9 / 11 * last
    torch.testing.assert_close(network.get_parameter("conv1.weight"), expected, atol=1e-6, rtol=0)
    assert (first - last).abs().max() > 1e-5


def test_what_is_not_known_is_not_learnt(tmp_path: Path) -> None:
    """Without ages the age head stays as it is; views without ratings don't spoil the others'."""
    given = lessons(1)
    assert given.ratings is not None
    given.ratings[::2] = torch.nan
    blank = replace(given, ages=torch.full_like(given.ages, torch.nan))
    network = learnt(new_network(), blank, 2, tmp_path)
    assert all(tensor.isfinite().all() for tensor in network.state_dict().values())
    assert not network.age.weight.any()
    assert network.fc.weight.any()


def test_faces_can_be_described_without_ratings(tmp_path: Path) -> None:
    """Distillation leaves the head for ratings as empty as it was, for the ratings to come."""
    network = learnt(new_network(), replace(lessons(1), ratings=None), 2, tmp_path)
    assert all(tensor.isfinite().all() for tensor in network.state_dict().values())
    assert not network.fc.weight.any()
    assert network.age.weight.any()


@given(st.integers(0, 9), st.integers(0, 9))
def test_the_loss_grows_with_the_distance(first: int, second: int) -> None:
    """The loss grows with the distance to the right rating, where it is zero."""
    logits, wanted = 1000 * torch.eye(10), torch.eye(10)[:1]
    near, far = sorted((first, second))
    costs = [ratings_loss(logits[[place]], wanted).item() for place in (near, far)]
    assert (costs[0] < costs[1]) == (near < far)
    assert (costs[0] == 0) == (near == 0)


def test_views_without_ratings_are_no_part_of_the_loss() -> None:
    """The loss is the mean over the views that have a rating."""
    logits, wanted = torch.randn(4, 10), torch.eye(10)[:4]
    some = wanted.clone()
    some[2:] = torch.nan
    assert ratings_loss(logits, some).item() == pytest.approx(
        ratings_loss(logits[:2], wanted[:2]).item()
    )
