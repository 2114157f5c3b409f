"""Tests of the MobileNet that is read from TensorFlow.js files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from attrai_training.errors import UnusableTeacher
from attrai_training.mobilenet import SIDE, MobileNet
from tests.training import faceres


@pytest.fixture(scope="module")
def content() -> faceres.Tensors:
    return faceres.tensors(1)


@pytest.fixture(scope="module")
def network(content: faceres.Tensors, tmp_path_factory: pytest.TempPathFactory) -> MobileNet:
    return MobileNet.load(faceres.write(tmp_path_factory.mktemp("faceres") / "f.json", content))


@torch.no_grad()
def test_it_computes_what_the_file_says(network: MobileNet, content: faceres.Tensors) -> None:
    """The first layers match values computed by hand at single positions, by TensorFlow's rules."""
    crop = np.random.default_rng(0).uniform(0, 255, (SIDE, SIDE, 3)).astype(np.float32)
    bgr = crop[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32)
    given = torch.from_numpy(crop).permute(2, 0, 1)[None]
    half = {name: tensor.astype(np.float16).astype(np.float32) for name, tensor in content.items()}

    def relu6(values: np.ndarray) -> np.ndarray:
        return values.clip(0, 6)

    def first(row: int, column: int) -> np.ndarray:
        """At stride 2 nothing is padded before the first row, and zeros follow the last."""
        seen = np.pad(bgr, ((0, 1), (0, 1), (0, 0)))[
            2 * row : 2 * row + 3, 2 * column : 2 * column + 3
        ]
        kernel = half["conv1/convolution/merged_input"]
        return relu6(np.einsum("yxi,yxio->o", seen, kernel) + half["conv1_bn/batchnorm_1/sub"])

    last = SIDE // 2 - 1
    ours = torch.nn.functional.relu6(
        network.first(torch.from_numpy(bgr.copy()).permute(2, 0, 1)[None])
    )
    for row, column in ((0, 0), (3, 50), (last, last)):
        np.testing.assert_allclose(ours[0, :, row, column], first(row, column), atol=1e-3)

    around = np.stack([[first(y, x) for x in (9, 10, 11)] for y in (4, 5, 6)])
    wide = np.einsum("yxc,yxc->c", around, half["conv_dw_1/depthwise_kernel"][..., 0])
    wide = wide * half["conv_dw_1_bn/batchnorm_1/mul"].ravel()
    wide = relu6(wide + half["conv_dw_1_bn/batchnorm_1/sub"].ravel())
    deep = wide @ half["conv_pw_1/convolution/merged_input"][0, 0]
    deep = relu6(deep + half["conv_pw_1_bn/batchnorm_1/sub"])
    np.testing.assert_allclose(network.blocks[0](ours)[0, :, 5, 10], deep, atol=1e-3)

    levels = network.levels(given)
    assert [tuple(level.shape[1:]) for level in levels] == [
        (512, 14, 14),
        (512, 14, 14),
        (1024, 7, 7),
    ]
    features = levels[-1].mean((2, 3))
    descriptor = (features.numpy() @ half["feats/kernel"] + half["feats/bias"]).clip(0)
    described = network.embedding(given)
    np.testing.assert_allclose(described[:, :1024], features, atol=1e-5)
    np.testing.assert_allclose(described[:, 1024:], descriptor, atol=1e-3)


def test_other_files_are_refused(
    network: MobileNet, content: faceres.Tensors, tmp_path: Path
) -> None:
    """A missing file, a truncated one and another network are refused with the file's name."""
    assert not any(parameter.requires_grad for parameter in network.parameters())
    path = faceres.write(tmp_path / "cut.json", content)
    data = path.with_suffix(".bin")
    data.write_bytes(data.read_bytes()[:-100])
    with pytest.raises(UnusableTeacher, match=r"cut\.json: is not the network faceres"):
        MobileNet.load(path)
    data.unlink()
    with pytest.raises(UnusableTeacher, match=r"cut\.json: .*cut\.bin"):
        MobileNet.load(path)
    faceres.write(path, {"conv1/convolution/merged_input": np.zeros((3, 3, 3, 32), np.float32)})
    with pytest.raises(UnusableTeacher, match="is not the network faceres"):
        MobileNet.load(path)
    for text in ("no model", "[]", '{"weightsManifest": 3}'):
        path.write_text(text)
        with pytest.raises(UnusableTeacher, match="is not the network faceres"):
            MobileNet.load(path)
