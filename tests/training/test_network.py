"""Tests of the network in training, its start from dlib's network, and its weights files."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import Engine
from attrai.scoring import PACKAGED, ResNet34Scorer, ScorerWeights
from attrai.scoring.weights_file import WeightsError
from attrai_training.dlib_network import SIDE, DlibNetwork
from attrai_training.net2net import net2net
from attrai_training.network import ScorerNetwork, normalised
from attrai_training.packaging import read_network, to_weights
from attrai_training.student import mean_rating
from bench import torchvision_shim
from tests.scoring.age_head import VARYING, with_age_head, without_age_head, written
from tests.training.teachers import dlib_tensors

AGE = 31.0


def as_torchvisions(network: ScorerNetwork) -> nn.Module:
    """Return torchvision's ResNet34, for normalised crops, with a network's tensors."""
    torchvision_shim.make_importable()
    theirs: nn.Module = import_module("torchvision.models").resnet34(num_classes=10)
    state = network.state_dict()
    theirs.load_state_dict({name: state[name] for name in state if not name.startswith("age.")})
    return theirs.eval()


@pytest.fixture(scope="module")
def teacher() -> DlibNetwork:
    """A network of dlib's architecture with random weights."""
    return DlibNetwork(dlib_tensors(1))


@pytest.fixture(scope="module")
def crops() -> Tensor:
    """Smooth random images, RGB 0..255."""
    small = torch.rand(8, 3, 12, 12, generator=torch.Generator().manual_seed(2)) * 255
    return functional.interpolate(small, (SIDE, SIDE), mode="bicubic").clamp(0, 255)


@pytest.fixture(scope="module")
def network(teacher: DlibNetwork, crops: Tensor) -> ScorerNetwork:
    """A network that starts from `teacher`."""
    torch.manual_seed(3)
    return net2net(teacher, crops)


@torch.no_grad()
def test_it_is_torchvisions(crops: Tensor) -> None:
    """With torchvision's names and weights it computes the same, in inference as in training."""
    network = read_network(PACKAGED)
    theirs = as_torchvisions(network)
    for training in (False, True):
        ours, expected = network.train(training)(crops), theirs.train(training)(normalised(crops))
        torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-3)
        assert ours.std() > 0.1


@torch.no_grad()
def test_the_grown_network_reproduces_the_teachers_activations(
    network: ScorerNetwork, teacher: DlibNetwork, crops: Tensor
) -> None:
    """Before any training, the first half of channels equals the teacher's, except at the edges."""

    def conv(x: Tensor, number: int, stride: int = 1, padding: int = 1) -> Tensor:
        return functional.conv2d(x, *teacher.convolution(number), stride, padding)

    x = functional.max_pool2d(conv(normalised(crops), 0, 2, 0).relu(), 3, 2)
    for block in range(3):
        x = (x + conv(conv(x, 2 * block + 1).relu(), 2 * block + 2)).relu()
    # The network pads by 3 at first and by 1 at its pooling, the teacher never: with the crop moved
    # by a pixel, the network's positions are one before the teacher's.
    whole = as_torchvisions(network)
    moved = normalised(crops[:, :, 1:, 1:])
    y = whole.bn1(whole.conv1(moved)).relu()[:, :, 1:, 1:]
    y = whole.layer1(functional.max_pool2d(y, 3, 2))
    # The missing pixel is seen at the first position, and three blocks pass it on six further.
    ours, theirs = y[:, :32, 7:28, 7:28], x[:, :, 7:28, 7:28]
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3 * theirs.abs().max().item())
    assert theirs.std() > 0


@torch.no_grad()
def test_spare_blocks_pass_on_what_they_get(network: ScorerNetwork) -> None:
    """A block without a counterpart in the teacher is the identity at first."""
    x = torch.rand(2, 256, 8, 8)
    torch.testing.assert_close(as_torchvisions(network).layer3[3:](x), x)


@torch.no_grad()
def test_norms_are_the_same_in_training(network: ScorerNetwork, crops: Tensor) -> None:
    """On the crops used for initialisation, training mode gives the same features as inference."""
    in_use = network.eval().features(crops)
    theirs = in_use.abs().max().item()
    in_training = network.train().features(crops)
    torch.testing.assert_close(in_training, in_use, rtol=1e-2, atol=1e-2 * theirs)


@torch.no_grad()
def test_what_is_trained_is_what_is_served(tmp_path: Path, engine: Engine) -> None:
    """A network and the weights file written from it give the same scores and ages."""
    network = read_network(written(with_age_head(VARYING, AGE), tmp_path / "2")).eval()
    path = written(to_weights(network, CROP_SIDE, {"steps": 3}), tmp_path / "scorer")
    weights = ScorerWeights.read(path)
    assert (weights.spec.version, weights.spec.training) == (2, {"steps": 3})
    noise = np.random.default_rng(1).integers(0, 256, (3, CROP_SIDE, CROP_SIDE, 3))
    crops = (noise * [[[[0.1]]], [[[0.5]]], [[[1]]]]).astype(np.uint8)  # different ones
    features = network.features(torch.from_numpy(crops).permute(0, 3, 1, 2))
    served = ResNet34Scorer.of(weights, engine).predict(crops)
    assert served.ages is not None
    scores = mean_rating(network.fc(features).softmax(1))
    np.testing.assert_allclose(served.values, scores, atol=0.05)
    ages = network.age(features)[:, 0]
    np.testing.assert_allclose(served.ages, ages, atol=0.02 * np.ptp(VARYING @ features.T.numpy()))
    assert ages.std() > 1


def test_a_network_that_knows_no_ages_withholds_no_scores(tmp_path: Path) -> None:
    """A file without an age head is read as one that has learnt nothing, and written as it was."""
    plain = without_age_head()
    network = read_network(written(plain, tmp_path / "1"))
    assert not network.age.weight.any()
    again = to_weights(network, CROP_SIDE, plain.spec.training)
    assert again.spec == plain.spec
    assert again.tensors.keys() == plain.tensors.keys()
    for name, tensor in plain.tensors.items():
        np.testing.assert_array_equal(again.tensors[name], tensor)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    """A file whose tensors have other shapes is refused by its name."""
    plain = without_age_head()
    other = ScorerWeights(plain.spec, plain.tensors | {"fc.bias": np.zeros(3, np.float32)})
    with pytest.raises(WeightsError, match="other: no weights of a ResNet34"):
        read_network(written(other, tmp_path / "other"))
