"""Tests of the net2net initialisation from dlib's network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from attrai_training.dlib_network import SIDE, Teacher
from attrai_training.errors import UnusableTeacher
from attrai_training.net2net import net2net
from attrai_training.network import normalised


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    """A network of the teacher's architecture with random weights."""
    torch.manual_seed(1)
    return Teacher().eval()


@pytest.fixture(scope="module")
def crops() -> Tensor:
    """Smooth random images, RGB 0..255."""
    small = torch.rand(8, 3, 12, 12, generator=torch.Generator().manual_seed(2)) * 255
    return functional.interpolate(small, (SIDE, SIDE), mode="bicubic").clamp(0, 255)


@torch.no_grad()
def test_the_grown_network_reproduces_the_teachers_activations(
    teacher: Teacher, crops: Tensor
) -> None:
    """Before any training, the first half of channels equals the teacher's, except at the edges."""
    network = net2net(teacher, crops)
    x = functional.max_pool2d(functional.relu(teacher.first(normalised(crops))), 3, 2)
    for block in teacher.blocks[:3]:
        x = block(x)
    # The network pads by 3 at first and by 1 at its pooling, the teacher never: with the crop moved
    # by a pixel, the network's positions are one before the teacher's.
    moved = normalised(crops[:, :, 1:, 1:])
    y = functional.relu(network.bn1(network.conv1(moved)))[:, :, 1:, 1:]
    y = network.layer1(functional.max_pool2d(y, 3, 2))
    # A block's padding reaches two positions in, that of three blocks six.
    ours, theirs = y[:, :32, 6:28, 6:28], x[:, :, 6:28, 6:28]
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3 * theirs.abs().max().item())
    assert theirs.std() > 0


@torch.no_grad()
def test_spare_blocks_pass_on_what_they_get(teacher: Teacher, crops: Tensor) -> None:
    """A block without a counterpart in the teacher is the identity at first."""
    network = net2net(teacher, crops)
    x = torch.rand(2, 256, 8, 8)
    torch.testing.assert_close(network.layer3[3:](x), x)


@torch.no_grad()
def test_norms_are_the_same_in_training(teacher: Teacher, crops: Tensor) -> None:
    """On the crops used for initialisation, training mode gives the same features as inference."""
    network = net2net(teacher, crops)
    in_use = network.eval().features(crops)
    in_training = network.train().features(crops)
    torch.testing.assert_close(
        in_training, in_use, rtol=1e-2, atol=1e-2 * in_use.abs().max().item()
    )


def test_the_teacher_is_read_by_dlibs_names(
    teacher: Teacher, tmp_path: Path, crops: Tensor
) -> None:
    """Convolutions are read by number, and a file with anything else is refused by its name."""
    convolutions = [teacher.first]
    for block in teacher.blocks:
        convolutions += [block.first, block.second]
    tensors = {"fc.weight": teacher.fc.weight}
    for number, convolution in enumerate(convolutions):
        assert isinstance(convolution, nn.Conv2d)
        assert convolution.bias is not None
        tensors[f"conv{number:02}.weight"] = convolution.weight.half()
        tensors[f"conv{number:02}.bias"] = convolution.bias
    save_file({name: tensor.detach() for name, tensor in tensors.items()}, tmp_path / "teacher")
    loaded = Teacher.load(tmp_path / "teacher")
    torch.testing.assert_close(loaded(crops), teacher(crops), rtol=1e-2, atol=1e-3)

    save_file({"conv00.weight": torch.zeros(1)}, tmp_path / "other")
    with pytest.raises(UnusableTeacher, match="other: is not dlib's face network"):
        Teacher.load(tmp_path / "other")
    with pytest.raises(UnusableTeacher, match="absent"):
        Teacher.load(tmp_path / "absent")
