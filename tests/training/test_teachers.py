"""Tests of the networks that teach: dlib's, faceres, and the one that a training starts from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch.nn import functional

from attrai.faces.alignment import CROP_SIDE
from attrai_training.description import Seen, Teachers
from attrai_training.dlib_network import DlibNetwork
from attrai_training.errors import UnusableTeacher
from attrai_training.faceres import SIDE, Faceres
from attrai_training.network import ScorerNetwork, normalised
from attrai_training.teachers import OwnTeacher
from tests.training import faceres
from tests.training.teachers import DEVICE, Light, dlib_tensors, teachers_folder

AGE = 31.0


@pytest.fixture(scope="module")
def content() -> faceres.Tensors:
    return faceres.tensors(1)


@pytest.fixture(scope="module")
def network(content: faceres.Tensors, tmp_path_factory: pytest.TempPathFactory) -> Faceres:
    return Faceres.load(faceres.write(tmp_path_factory.mktemp("faceres") / "f.json", content))


@torch.no_grad()
def test_faceres_computes_what_the_file_says(network: Faceres, content: faceres.Tensors) -> None:
    """The first layers match values computed by hand at single positions, by TensorFlow's rules."""
    crop = np.random.default_rng(0).uniform(0, 255, (SIDE, SIDE, 3)).astype(np.float32)
    bgr = crop[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32)
    half = {name: tensor.astype(np.float16).astype(np.float32) for name, tensor in content.items()}

    def relu6(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return values.clip(0, 6)

    def first(row: int, column: int) -> NDArray[np.float32]:
        """At stride 2 nothing is padded before the first row, and zeros follow the last."""
        seen = np.pad(bgr, ((0, 1), (0, 1), (0, 0)))[
            2 * row : 2 * row + 3, 2 * column : 2 * column + 3
        ]
        kernel = half["conv1/convolution/merged_input"]
        return relu6(np.einsum("yxi,yxio->o", seen, kernel) + half["conv1_bn/batchnorm_1/sub"])

    last = SIDE // 2 - 1
    ours = network._conv(torch.from_numpy(bgr.copy()).permute(2, 0, 1)[None], "first", down=True)
    for row, column in ((0, 0), (3, 50), (last, last)):
        np.testing.assert_allclose(ours[0, :, row, column], first(row, column), atol=1e-3)

    around = np.stack([[first(y, x) for x in (9, 10, 11)] for y in (4, 5, 6)])
    wide = np.einsum("yxc,yxc->c", around, half["conv_dw_1/depthwise_kernel"][..., 0])
    wide = wide * half["conv_dw_1_bn/batchnorm_1/mul"].ravel()
    wide = relu6(wide + half["conv_dw_1_bn/batchnorm_1/sub"].ravel())
    theirs = network._conv(ours, "0.depthwise", down=False, groups=32)
    np.testing.assert_allclose(theirs[0, :, 5, 10], wide, atol=1e-3)

    features = network.features(torch.from_numpy(crop).permute(2, 0, 1)[None])
    assert [kind.shape[1] for kind in features] == [*Faceres.lengths]
    descriptor = (features[1].numpy() @ half["feats/kernel"] + half["feats/bias"]).clip(0)
    np.testing.assert_allclose(features[2], descriptor, atol=1e-3)
    assert descriptor.std() > 0


def test_faceres_estimates_the_mean_of_its_ages(network: Faceres, content: faceres.Tensors) -> None:
    """The age is the mean over the years, weighted by how likely each of them is."""
    descriptors = np.random.default_rng(0).uniform(0, 1, (3, 256)).astype(np.float32)
    logits = descriptors @ content["age_pred/kernel"] + content["age_pred/bias"]
    odds = np.exp(logits)
    expected = (odds * np.arange(faceres.AGES)).sum(1) / odds.sum(1)
    found = network.ages(torch.from_numpy(descriptors))
    np.testing.assert_allclose(found, expected, rtol=0.01)


def test_other_files_than_faceres_are_refused(content: faceres.Tensors, tmp_path: Path) -> None:
    """A missing file, a truncated one and another network are refused with the file's name."""
    path = faceres.write(tmp_path / "cut.json", content)
    data = path.with_suffix(".bin")
    data.write_bytes(data.read_bytes()[:-100])
    with pytest.raises(UnusableTeacher, match=r"cut\.json: is not the network faceres"):
        Faceres.load(path)
    data.unlink()
    with pytest.raises(UnusableTeacher, match=r"cut\.json: .*cut\.bin"):
        Faceres.load(path)
    faceres.write(path, {"conv1/convolution/merged_input": np.zeros((3, 3, 3, 32), np.float32)})
    with pytest.raises(UnusableTeacher, match="is not the network faceres"):
        Faceres.load(path)
    for text in ("no model", "[]", '{"weightsManifest": 3}'):
        path.write_text(text)
        with pytest.raises(UnusableTeacher, match="is not the network faceres"):
            Faceres.load(path)


@torch.no_grad()
def test_dlibs_network_is_read_by_its_numbers(tmp_path: Path) -> None:
    """A file in half precision gives the same features as the tensors, computed by hand."""
    tensors = {name: tensor.half() for name, tensor in dlib_tensors(1).items()}
    save_file(tensors, tmp_path / "dlib")
    tensors = {name: tensor.float() for name, tensor in tensors.items()}
    network = DlibNetwork.load(tmp_path / "dlib")
    crops = torch.rand(2, 3, 150, 150) * 255

    def conv(x: torch.Tensor, number: int, stride: int = 1, padding: int = 1) -> torch.Tensor:
        kernel, bias = tensors[f"conv{number:02}.weight"], tensors[f"conv{number:02}.bias"]
        return functional.conv2d(x, kernel, bias, stride, padding)

    x = functional.max_pool2d(conv(normalised(crops), 0, 2, 0).relu(), 3, 2)
    for block in range(14):
        if block not in {3, 7, 10, 13}:
            x = (x + conv(conv(x, 2 * block + 1).relu(), 2 * block + 2)).relu()
            continue
        # A block that halves the sides; missing channels, rows and columns are zero.
        y = conv(conv(x, 2 * block + 1, 2, 0).relu(), 2 * block + 2)
        pooled = functional.avg_pool2d(x, 2)
        whole = torch.zeros(2, y.shape[1], *map(max, pooled.shape[2:], y.shape[2:]))
        whole[:, : pooled.shape[1], : pooled.shape[2], : pooled.shape[3]] = pooled
        whole[:, :, : y.shape[2], : y.shape[3]] += y
        x = whole.relu()
    features = network.features(crops)
    assert [kind.shape[1] for kind in features] == [*DlibNetwork.lengths]
    torch.testing.assert_close(features[0], x.mean((2, 3)))
    torch.testing.assert_close(features[1], features[0] @ tensors["fc.weight"].T)


def test_other_files_than_dlibs_are_refused(tmp_path: Path) -> None:
    """A missing file, text, and another network are refused with the file's name."""
    save_file({"conv00.weight": torch.zeros(1)}, tmp_path / "other")
    (tmp_path / "text").write_text("no network")
    with pytest.raises(UnusableTeacher, match="other: is not the expected network"):
        DlibNetwork.load(tmp_path / "other")
    for name in ("absent", "text"):
        with pytest.raises(UnusableTeacher, match=name):
            DlibNetwork.load(tmp_path / name)


@torch.no_grad()
def test_a_network_teaches_what_it_knew_at_first() -> None:
    """Its own teacher is a copy, with the age head's ages; a head without weights knows none."""
    torch.manual_seed(0)
    network = ScorerNetwork().train()
    crops = torch.rand(2, 3, CROP_SIDE, CROP_SIDE) * 255
    teacher = OwnTeacher(network)
    [features] = teacher.features(crops)
    assert teacher.ages(features).isnan().all()
    torch.testing.assert_close(features, network.eval().features(crops))

    torch.nn.init.normal_(network.age.weight)
    network.age.bias.fill_(AGE)
    assert teacher.ages(features).isnan().all()
    torch.testing.assert_close(OwnTeacher(network).ages(features), network.age(features)[:, 0])


def test_a_person_is_known_through_another_photo(tmp_path: Path) -> None:
    """Two photos that are both similar to a third are of one person, and no others are."""
    teachers = Teachers.load(teachers_folder(tmp_path / "teachers"), DEVICE)
    places = np.array([0, 0.3, 0.6, 3, 3.3, 9, -0.3], np.float32)
    features = np.random.default_rng(0).normal(0, 9, (7, 3000)).astype(np.float32)
    first, end = sum(DlibNetwork.lengths[:-1]), sum(DlibNetwork.lengths)
    features[:, first:end] = 0
    features[:, end - 1] = places
    found = teachers.persons(Seen(features, np.zeros(7, np.float32)))
    assert found[0] == found[1] == found[2] == found[6]
    assert found[3] == found[4]
    assert len(set(found)) == 3
    alone = Teachers(None, Light(), DEVICE)
    assert len(set(alone.persons(Seen(features, np.zeros(7, np.float32))))) == 7


def test_descriptions_count_each_kind_of_features_alike() -> None:
    """The squared distance of two faces is 2 on average, whatever the units and the camera."""
    like = np.random.default_rng(0).normal([5, 100, -3], [1, 20, 0.1], (2000, 3)).astype(np.float32)
    described = Teachers(None, Light(), DEVICE).describe(like, like)
    distances = ((described[:1000] - described[1000:]) ** 2).mean(0) * 3
    np.testing.assert_allclose(distances, 2, rtol=0.15)
    np.testing.assert_allclose(described.mean(0), 0, atol=1e-4)
