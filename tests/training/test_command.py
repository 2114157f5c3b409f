"""Tests of the commands `attrai train` and `attrai train distil`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance
from typer.testing import CliRunner, Result

from attrai.cli import app
from attrai.faces.alignment import CROP_SIDE
from attrai.scoring import ScorerWeights
from attrai_training import dataset, trainer
from attrai_training.evaluation.labels import MIN_PHOTOS
from tests.conftest import ASTRONAUT
from tests.scoring.age_head import without_age_head, written
from tests.training.teachers import teachers_folder

USAGE = 2
LEFT_OUT = f"{MIN_PHOTOS} photos learnt from, 6 left out:"  # in both columns


def run(*arguments: object) -> Result:
    """Call `attrai train` with streams that are no terminals."""
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


@pytest.fixture(autouse=True)
def _one_view(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at one view of each face, which takes a sixth of the time."""
    monkeypatch.setattr(dataset, "PER_FACE", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rated photos, rows that can't be used, another column, and single ratings in a file."""
    folder = tmp_path_factory.mktemp("train")
    example = Image.open(ASTRONAUT).crop((100, 0, 340, 260))
    lines, ratings = ["file,score,charm"], ["photo,rater,rating"]
    for number in range(MIN_PHOTOS):
        light = 0.5 + number / MIN_PHOTOS
        ImageEnhance.Brightness(example).enhance(light).save(folder / f"{number}.jpg")
        lines.append(f"{number}.jpg,{3 + number / 20},{-10 * number}")
        ratings += [f"{number},{rater},{3 + number / 20 + rater}" for rater in range(3)]
    Image.new("RGB", (200, 200)).save(folder / "black.png")
    lines += ["black.png,5,5", "absent.jpg,5,5", "1.jpg,11,-10"]
    (folder / "labels.csv").write_text("\n".join(lines))
    (folder / "single.csv").write_text("\n".join(ratings))
    return folder


@pytest.fixture(scope="module")
def unrated(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 2 photos without ratings, and a file that is none."""
    unrated = tmp_path_factory.mktemp("unrated")
    for name in ("0.jpg", "9.jpg", "labels.csv"):
        shutil.copy(folder / name, unrated)
    return unrated


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of teachers for which each photo shows another person."""
    return teachers_folder(tmp_path_factory.mktemp("networks") / "teachers")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all of the tests: crops are the same in each."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.slow
def test_from_photos_to_weights(
    folder: Path, unrated: Path, teachers: Path, cache: Path, tmp_path: Path
) -> None:
    """Distillation and training on all there is lead to weights that `attrai evaluate` accepts."""
    backbone, scorer = tmp_path / "new" / "backbone", tmp_path / "newer" / "scorer"
    common = ["--teachers", teachers, "--unrated", unrated, "--cache", cache, "--steps", 1]
    result = run("distil", "--out", backbone, *common)
    assert result.exit_code == 0, result.output
    assert "2 photos learnt from" in result.stdout
    assert f"attrai train --init {backbone}" in result.stdout
    weights = ScorerWeights.read(backbone)
    assert weights.spec.training["faces"] == 2
    assert not weights.tensors["fc.weight"].any()

    more = ["--ratings", folder / "single.csv", "--also", f"{folder}:charm", "--init", backbone]
    result = run("--data", folder, "--out", scorer, *more, *common)
    assert result.exit_code == 0, result.output
    assert LEFT_OUT in result.stdout
    assert f"serve them by ATTRAI_WEIGHTS={scorer}" in result.stdout
    weights = ScorerWeights.read(scorer)
    assert (weights.spec.version, weights.spec.side) == (2, CROP_SIDE)
    assert {"photos": MIN_PHOTOS, "steps": 1, "seed": 0}.items() <= weights.spec.training.items()
    assert weights.tensors["fc.weight"].any()
    evaluate = ["evaluate", "--data", folder, "--weights", scorer]
    assert "50 photos scored" in CliRunner().invoke(app, list(map(str, evaluate))).stdout
    assert not list(cache.glob("training-*"))


@pytest.mark.slow
def test_cross_validation_without_teachers(
    folder: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every photo is in the metrics; weights that know no ages teach themselves."""
    monkeypatch.setattr(trainer, "FOLDS", 3)  # as many trainings
    init = written(without_age_head(), tmp_path / "1")
    common = ["--data", folder, "--cache", cache, "--steps", 1, "--init", init]
    result = run("--folds", "--ratings", folder / "single.csv", *common)
    assert result.exit_code == 0, result.output
    assert "Pearson correlation (PC)" in result.stdout
    assert "50 photos scored, 3 left out:" in result.stdout
    assert not list(cache.glob("training-*"))


@pytest.mark.slow
def test_too_few_people(folder: Path, cache: Path, tmp_path: Path) -> None:
    """Folds of people can't be made of photos that all show one."""
    alike = teachers_folder(tmp_path / "alike", all_alike=True)
    result = run("--data", folder, "--cache", cache, "--teachers", alike, "--folds")
    assert result.exit_code == USAGE
    assert "the photos show 1 people, where at least 5 are needed" in result.stderr


def test_wrong_usage(
    folder: Path, teachers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unusable arguments end with status 2 and one line that gives the reason."""
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "labels.csv").write_text("file,score\nphoto.jpg,5\n")
    (tmp_path / "text").write_text("no weights")
    data, out, cache = ["--data", folder], ["--out", tmp_path / "x"], ["--cache", tmp_path / "c"]
    distil = ["distil", *out, *cache]
    for arguments, reason in (
        ([], "--data"),
        (data, "either --out FILE"),
        ([*data, *out, "--folds"], "or --folds"),
        (["--data", tmp_path, *out], "0 usable photos"),
        ([*data, *out, "--init", tmp_path / "absent"], "absent"),
        ([*data, *out, "--init", tmp_path / "text"], "text"),
        ([*data, "--out", tmp_path / "text" / "x"], "text: file exists"),
        ([*data, *out, "--teachers", tmp_path], "face_resnet29_embedding.safetensors"),
        ([*distil, "--unrated", folder], "--teachers"),
        ([*distil, "--teachers", teachers], "distil needs photos"),
        ([*distil, "--teachers", teachers, "--unrated", tmp_path], "no photo shows a face"),
        ([*distil, "--teachers", teachers, "--also", f"{folder}:age"], "lacks the columns age"),
        ([*distil, "--teachers", teachers, "--also", tmp_path / "no"], "labels.csv: no such file"),
    ):
        result = run(*arguments)
        assert result.exit_code == USAGE, arguments
        assert reason in result.stderr, arguments
        assert "Traceback" not in result.output
