"""Tests of the command `attrai train`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageEnhance
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner, Result

from attrai.cli import app
from attrai.faces.alignment import CROP_SIDE
from attrai.scoring import ScorerWeights
from attrai_training.dlib_network import Teacher
from tests.conftest import ASTRONAUT
from tests.training.faceres import tensors, write

USAGE = 2


def run(*arguments: str | Path) -> Result:
    """Call `attrai train` with streams that are no terminals."""
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 56 photos of the split train, 8 of val, and rows that can't be used."""
    folder = tmp_path_factory.mktemp("train")
    example = Image.open(ASTRONAUT).crop((100, 0, 340, 260))
    lines = ["file,score,split"]
    for number in range(64):
        ImageEnhance.Brightness(example).enhance(0.5 + number / 64).save(folder / f"{number}.jpg")
        lines.append(f"{number}.jpg,{3 + number / 20},{'val' if number % 8 == 7 else 'train'}")
    Image.new("RGB", (200, 200)).save(folder / "black.png")
    lines += ["black.png,5,train", "absent.jpg,5,train", "1.jpg,11,train"]
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="session")
def unrated(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 3 photos without ratings."""
    unrated = tmp_path_factory.mktemp("unrated")
    for number in range(3):
        shutil.copy(folder / f"{number}.jpg", unrated)
    return unrated


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like that of dlib's network, with random weights."""
    torch.manual_seed(0)
    network = Teacher()
    tensors = {"fc.weight": network.fc.weight}
    parts = [network.first]
    for block in network.blocks:
        parts += [block.first, block.second]
    for number, part in enumerate(parts):
        tensors |= {f"conv{number:02}.{name}": value for name, value in part.named_parameters()}
    path = tmp_path_factory.mktemp("teacher") / "teacher.safetensors"
    save_file({name: tensor.detach() for name, tensor in tensors.items()}, path)
    return path


@pytest.mark.slow
def test_from_photos_to_weights(folder: Path, unrated: Path, teacher: Path, tmp_path: Path) -> None:
    """Distillation and fine-tuning lead to a weights file that `attrai evaluate` accepts."""
    cache, backbone, scorer = (tmp_path / name for name in ("cache", "backbone.st", "scorer.st"))
    common = ["--data", folder, "--cache", cache, "--epochs", "1"]
    teachers = ["--teacher", teacher, "--faceres", write(tmp_path / "faceres.json", tensors(0))]
    result = run("distil", *teachers, "--unrated", unrated, "--out", backbone, *common)
    assert result.exit_code == 0, result.output
    assert "56 photos learnt from, 3 left out:" in result.stdout
    for more, told in (
        ([], {"photos": 56, "validation": 8}),
        (
            [*teachers, "--unrated", unrated],
            {
                "photos": 56,
                "validation": 0,
                "teachers": ["teacher.safetensors", "faceres.json"],
                "unrated": 3,
            },
        ),
    ):
        result = run("--init", backbone, "--out", scorer, *more, *common)
        assert result.exit_code == 0, result.output
        assert f"serve them by ATTRAI_WEIGHTS={scorer}" in result.stdout
        spec = ScorerWeights.read(scorer).spec
        assert spec.side == CROP_SIDE
        assert told.items() <= spec.training.items()
    evaluate = ["evaluate", "--data", folder, "--weights", scorer]
    assert "64 photos scored" in CliRunner().invoke(app, list(map(str, evaluate))).stdout
    assert not list(cache.glob("training-*"))


@pytest.mark.slow
def test_cross_validation(folder: Path, teacher: Path, tmp_path: Path) -> None:
    """Every photo is in the metrics, scored by a network that was not trained on it."""
    common = ["--data", folder, "--cache", tmp_path, "--epochs", "1", "--init", "none"]
    result = run("--folds", "2", "--teacher", teacher, *common)
    assert result.exit_code == USAGE
    assert "1 persons are too few for 2 folds" in result.stderr

    # With descriptors this far apart every photo shows another person.
    tensors = load_file(teacher)
    save_file(tensors | {"fc.weight": 1e6 * tensors["fc.weight"]}, tmp_path / "other")
    result = run("--folds", "2", "--teacher", tmp_path / "other", *common)
    assert result.exit_code == 0, result.output
    assert "Pearson correlation (PC)" in result.stdout
    assert "64 photos scored, 3 left out:" in result.stdout


def test_wrong_usage(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unusable arguments end with status 2 and one line that gives the reason."""
    monkeypatch.setenv("COLUMNS", "200")
    few = tmp_path / "labels.csv"
    few.write_text("file,score\nphoto.jpg,5\n")
    (tmp_path / "text").write_text("no weights")
    for arguments, reason in (
        ([], "--data"),
        (["--data", folder], "--out"),
        (["--data", folder, "--folds", "2"], "--teacher"),
        (["--data", folder, "--out", "x", "--faceres", few], "--teacher"),
        (["--data", folder, "--out", "x", "--unrated", folder], "--teacher"),
        (["--data", tmp_path, "--out", tmp_path / "x"], "0 usable photos"),
        (["distil", "--data", folder, "--out", "x", "--teacher", tmp_path / "text"], "text"),
        (["--data", folder, "--out", "x", "--init", tmp_path / "absent"], "absent"),
    ):
        result = run(*arguments)
        assert result.exit_code == USAGE, result.output
        assert reason in result.stderr
        assert "Traceback" not in result.stderr
