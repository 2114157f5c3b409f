"""Tests of training loops that may be interrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from attrai_training.loop import Checkpoint, Device, Indices, Loop, RunContext, run
from attrai_training.schedule import LRSchedule, TrainState

LOOP = Loop(photos=10, epochs=6, batch=3, seed=7)


class Interrupted(Exception):
    """Stands for Ctrl-C."""


def train(folder: Path, *, until: int | None = None) -> tuple[nn.Module, int]:
    """Train a small network up to step `until`; return it with the number of reported steps."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
    schedule = LRSchedule(LOOP.steps, 0.01, head_factor=5, warm_up=0.2, decay=0.01, averaging=0.9)
    state = TrainState(network, network[2], schedule)
    told = 0

    def loss(indices: Indices, rng: np.random.Generator) -> Tensor:
        if state.step == until:
            raise Interrupted
        x = torch.from_numpy(rng.normal(size=(len(indices), 4))).float()
        return (network(x) - x.sum(1, keepdim=True)).square().mean()

    def progress(steps: int) -> None:
        nonlocal told
        told += steps

    device = Device("cpu", half=False, threads=torch.get_num_threads())
    run(LOOP, state, loss, RunContext(device, Checkpoint(folder, {"run": 1}), progress))
    return state.average, told


@pytest.mark.parametrize("until", [2, 3, 11])
def test_an_interrupted_run_goes_on_as_it_would_have(tmp_path: Path, until: int) -> None:
    """A resumed run ends with exactly the weights of an uninterrupted one, and leaves no file."""
    whole, steps = train(tmp_path / "whole")
    assert steps == LOOP.steps == 18
    with pytest.raises(Interrupted):
        train(tmp_path / "cut", until=until)
    resumed, steps = train(tmp_path / "cut")
    assert steps == LOOP.steps
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name
    assert not list((tmp_path / "cut").iterdir())


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    """The averaged weights predict better than the initial ones."""
    torch.manual_seed(0)
    first = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1)).eval()
    trained, _ = train(tmp_path)
    x = torch.randn(200, 4, generator=torch.Generator().manual_seed(3))
    wanted = x.sum(1, keepdim=True)

    def error(network: nn.Module) -> float:
        with torch.no_grad():
            return (network.eval()(x) - wanted).square().mean().item()

    assert error(trained) < error(first)


def test_a_damaged_checkpoint_is_none(tmp_path: Path) -> None:
    """A truncated or foreign checkpoint starts the run afresh instead of raising an error."""
    checkpoint = Checkpoint(tmp_path, {"run": 1})
    checkpoint.write({"step": 3, "tensor": torch.ones(4)})
    [file] = tmp_path.iterdir()
    assert checkpoint.read() is not None
    assert Checkpoint(tmp_path, {"run": 2}).read() is None
    for content in (b"", b"rubbish", file.read_bytes()[:100]):
        file.write_bytes(content)
        assert checkpoint.read() is None


def test_the_rate_rises_and_falls() -> None:
    """The learning rate starts low, peaks after the warm-up, and ends near zero."""
    schedule = LRSchedule(100, 1.0, head_factor=1, warm_up=0.2, decay=0, averaging=0.9)
    rates = [schedule.at(step) for step in range(100)]
    assert rates.index(max(rates)) == 20
    assert rates[:21] == sorted(rates[:21])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[0] < 0.1
    assert 0 < rates[-1] < 0.01
