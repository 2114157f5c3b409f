"""Tests of the training loop, which may be interrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from attrai_training.loop import Checkpoint, Indices, Pool, RunContext, TrainConfig, train
from tests.training.teachers import DEVICE

CONFIG = TrainConfig(steps=250, rate=0.01, head_factor=5, decay=0.01, batch=4, seed=7)


class Interrupted(Exception):
    """Stands for Ctrl-C."""


def trained(folder: Path, *, until: int | None = None) -> tuple[dict[str, Tensor], int]:
    """Train a small network up to step `until`; return its weights and the reported steps."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
    examples = torch.randn(13, 4)
    told = 0

    def prepare() -> None:
        assert told == 0
        nn.init.ones_(network[2].weight)

    def loss(indices: Indices) -> Tensor:
        if told == until:
            raise Interrupted
        assert sorted(indices < 10) == [False, True, True, True]
        x = examples[indices]
        return (network(x) - x.sum(1, keepdim=True)).square().mean()

    def progress(steps: int) -> None:
        nonlocal told
        told += steps

    pools = [Pool(np.arange(10), 0.75), Pool(np.arange(10, 13), 0.25)]
    context = RunContext(DEVICE, Checkpoint(folder, ["run"]), progress)
    return train(network, [network[2]], pools, prepare, loss, CONFIG, context), told


@pytest.mark.parametrize("until", [50, 100, 230])
def test_an_interrupted_run_goes_on_as_it_would_have(tmp_path: Path, until: int) -> None:
    """A resumed run ends with exactly the weights of an uninterrupted one, and leaves no file."""
    whole, steps = trained(tmp_path / "whole")
    assert steps == CONFIG.steps
    with pytest.raises(Interrupted):
        trained(tmp_path / "cut", until=until)
    assert len(list(tmp_path.glob("cut/*"))) == (until >= 100)
    resumed, steps = trained(tmp_path / "cut")
    assert steps == CONFIG.steps
    for name, tensor in whole.items():
        assert torch.equal(resumed[name], tensor), name
    assert not list(tmp_path.glob("*/*"))


@pytest.mark.parametrize("steps", [1, 20, 300])
def test_the_average_forgets_the_first_weights(tmp_path: Path, steps: int) -> None:
    """Averaged weights are close to where training goes; it may be as short as one likes."""
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, 5)
    seen: list[float] = []

    def loss(_indices: Indices) -> Tensor:
        seen.append(layer.weight.item())
        return layer.weight.square().sum()

    config = TrainConfig(steps, rate=1, head_factor=1, decay=0)
    context = RunContext(DEVICE, Checkpoint(tmp_path, ["run"]), lambda _: None)
    [average] = train(layer, [], [Pool(np.arange(9))], lambda: None, loss, config, context).values()
    assert len(seen) == steps
    if steps == 300:
        assert abs(average.item()) < 0.1
        assert average.item() != layer.weight.item()


def test_a_damaged_checkpoint_is_none(tmp_path: Path) -> None:
    """A truncated or foreign checkpoint starts the run afresh instead of raising an error."""
    checkpoint = Checkpoint(tmp_path, ["run", 1])
    checkpoint.write({"step": 3, "tensor": torch.ones(4)})
    [file] = tmp_path.iterdir()
    assert checkpoint.read() is not None
    assert Checkpoint(tmp_path, ["run", 2]).read() is None
    for content in (b"", b"rubbish", file.read_bytes()[:100]):
        file.write_bytes(content)
        assert checkpoint.read() is None
