"""Tests of reading and writing weights files for training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import Engine
from attrai.scoring import PACKAGED, Scorer, ScorerWeights
from attrai.scoring.weights_file import WeightsError
from attrai_training.network import ResNet34, normalised
from attrai_training.packaging import (
    initial_network,
    network_from_torchvision,
    network_from_weights,
    to_weights,
)
from attrai_training.ratings import mean


def test_what_is_trained_is_what_is_served(tmp_path: Path, engine: Engine) -> None:
    """A network and the weights file written from it give the same scores, up to rounding."""
    network = network_from_weights(ScorerWeights.read(PACKAGED)).eval()
    to_weights(network, CROP_SIDE, {"epochs": 3}).write(tmp_path / "scorer.safetensors")
    written = ScorerWeights.read(tmp_path / "scorer.safetensors")
    assert written.spec.training == {"epochs": 3}
    crops = np.random.default_rng(1).integers(0, 256, (3, CROP_SIDE, CROP_SIDE, 3), np.uint8)
    with torch.no_grad():
        logits = network(torch.from_numpy(crops).permute(0, 3, 1, 2))
    served = [score.value for score in Scorer.of(written, engine)(crops)]
    assert served == pytest.approx(mean(logits.softmax(1)).tolist(), abs=0.05)


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    """A weights file that doesn't match its checksum is refused as damaged."""
    path = tmp_path / "scorer.safetensors"
    to_weights(initial_network("none", 0), CROP_SIDE, {}).write(path)
    ScorerWeights.read(path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="damaged"):
        ScorerWeights.read(path)


@torch.no_grad()
def test_torchvisions_network_sees_what_it_saw(tmp_path: Path) -> None:
    """Inside the edges, torchvision's weights give the same activations with our normalisation."""
    torch.manual_seed(4)
    theirs = ResNet34().eval()
    state = theirs.state_dict()
    state["bn1.running_mean"] = torch.randn(64)
    torch.save(state | {"fc.weight": torch.zeros(1000, 512)}, tmp_path / "resnet34.pth")
    theirs.load_state_dict(state)
    ours = network_from_torchvision(tmp_path / "resnet34.pth").eval()

    crops = torch.rand(2, 3, 64, 64) * 255
    deviation = torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1)
    imagenet = (crops / 255 - torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1)) / deviation
    expected = theirs.bn1(theirs.conv1(imagenet))[:, :, 2:-2, 2:-2]
    found = ours.bn1(ours.conv1(normalised(crops)))[:, :, 2:-2, 2:-2]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    assert not ours.fc.weight.any()


@pytest.mark.parametrize("content", [b"", b"rubbish"])
def test_what_is_no_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    """A file that is no torch checkpoint is refused by its name."""
    (tmp_path / "other.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=r"other\.pth"):
        network_from_torchvision(tmp_path / "other.pth")


def test_a_checkpoint_of_another_network_is_named(tmp_path: Path) -> None:
    """A checkpoint of something else, even a list, is refused by its name."""
    for number, content in enumerate(({"conv1.weight": torch.ones(2)}, [1, 2])):
        path = tmp_path / f"{number}.pth"
        torch.save(content, path)
        with pytest.raises(WeightsError, match=path.name):
            network_from_torchvision(path)
