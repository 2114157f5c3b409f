"""Tests of the command `attrai evaluate`."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from attrai.cli import app
from attrai.scoring import PACKAGED
from tests.conftest import ASTRONAUT, MEBEAUTY
from tests.packages import make_documented_package

FAILED, USAGE = 1, 2


def run(*arguments: str | Path) -> Result:
    """Call `attrai evaluate` with streams that are no terminals."""
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_tables_and_pictures(folder: Path, tmp_path: Path) -> None:
    """Tables are printed and plots written; rows that were left out make it exit with 1."""
    result = run("--data", folder, "--plots", tmp_path / "new" / "plots")
    lines = result.stdout.splitlines()
    assert result.exit_code == FAILED
    assert result.stderr == ""
    assert any("Pearson correlation (PC)" in line for line in lines)
    assert lines[-5] == (
        "50 photos scored, 3 left out: 1 no face, 1 unreadable photo, 1 missing file"
    )
    assert lines[-4].startswith(f"  row 52 {folder / 'black.png'}: No face found.")
    assert lines[-1] == f"Pictures in {tmp_path / 'new' / 'plots'}"
    assert len(list((tmp_path / "new" / "plots").glob("*.png"))) == 4


def test_json(folder: Path, tmp_path: Path) -> None:
    """With --json the output is one object; the exit status is 0 when no row was left out."""
    clean = Path(shutil.copytree(folder, tmp_path / "clean"))
    lines = (clean / "labels.csv").read_text().splitlines()
    (clean / "labels.csv").write_text("\n".join(lines[:51]))
    result = run("--data", clean, "--json")
    item = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (item["photos"], item["problems"]) == (50, [])
    assert -1 <= item["overall"]["pearson"]["value"] <= 1
    assert item["groupings"]["gender"]["groups"]["female"]["photos"] == 25


def test_wrong_usage(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unusable arguments end with status 2 and one line that gives the reason."""
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "file").touch()
    (tmp_path / "labels.csv").write_text("file,score\n")
    for arguments, reason in (
        ([], "--data"),
        (["--data", tmp_path / "nowhere"], "nowhere"),
        (["--data", ASTRONAUT.parent], "labels.csv: no such file"),
        (["--data", tmp_path], "0 usable photos"),
        (["--data", folder, "--split", "test"], "no photo of the split 'test'"),
        (["--data", folder, "--split", "val"], "5 usable photos"),
        (["--data", folder, "--weights", ASTRONAUT], "astronaut.jpg"),
        (["--data", folder, "--plots", tmp_path / "file" / "x"], "can't write to"),
        (["--data", folder, "--ratings", folder / "labels.csv"], "lacks the columns photo"),
    ):
        result = run(*arguments)
        assert result.exit_code == USAGE, arguments
        assert reason in result.stderr
        assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("package", "options", "extra"),
    [("scipy", [], "training"), ("sklearn", [], "training"), ("matplotlib", ["--plots"], "charts")],
)
def test_extras_are_needed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, package: str, options: list[str], extra: str
) -> None:
    """Without a package of an extra the command ends at once with what to install."""
    there = {"scipy", "sklearn", "matplotlib"} - {package}  # torch is not needed
    monkeypatch.setattr(
        "attrai_training.cli.evaluate.find_spec", lambda name: name in there or None
    )
    result = run("--data", folder, *(part for option in options for part in (option, folder)))
    assert result.exit_code == USAGE
    (line,) = result.stderr.splitlines()
    assert f"pip install 'attrai[{extra}]'" in line


@pytest.mark.parametrize("name", ["ratings.csv", "ratings.csv.gz", "other.csv"])
def test_single_ratings(folder: Path, tmp_path: Path, name: str) -> None:
    """With single ratings, in their usual place or another, both measures are shown."""
    rated = Path(shutil.copytree(folder, tmp_path / "rated"))
    rows = [f"{n}.jpg,{r},{(n // 6 + r * n % 3) % 10 + 1}" for n in range(50) for r in range(6)]
    text = "\n".join(["photo,rater,rating", *rows, "50.jpg,1,5", "1.jpg,1,good"]).encode()
    (rated / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    options = ["--ratings", rated / name] if name == "other.csv" else []
    result = run("--data", rated, "--plots", tmp_path / "plots", *options)
    assert "Agreement of scores with mean ratings" in result.stdout
    assert "Agreement of scores with corrected ratings" in result.stdout
    assert result.stdout.count("Highest PC that it allows") == 2
    assert "By gender, against corrected ratings" in result.stdout
    counts = "300 single ratings by 6 raters, 2 left out: 1 unknown photo, 1 bad rating"
    assert counts in result.stdout.splitlines()
    with Image.open(tmp_path / "plots" / "scatter.png") as picture:
        assert picture.width > 2 * picture.height
    item = json.loads(run("--data", rated, "--json", *options).stdout)
    assert 0 < item["corrected"]["ceiling"] <= 1
    assert item["corrected"]["overall"]["photos"] == 50
    assert item["ratings_left_out"] == {"unknown photo": 1, "bad rating": 1}


@pytest.mark.slow
def test_the_packaged_weights_on_real_photos() -> None:
    """On MEBeauty's split val, which they have learnt, the packaged weights do well."""
    if not MEBEAUTY.exists():
        pytest.skip(f"no labelled photos in {MEBEAUTY}")
    result = run("--data", MEBEAUTY, "--split", "val", "--json")
    item = json.loads(result.stdout)
    print(f"{item['photos']} photos: PC {item['overall']['pearson']}, MAE {item['overall']['mae']}")
    assert item["photos"] >= 215
    assert item["overall"]["pearson"]["value"] >= 0.83
    assert item["overall"]["mae"]["value"] <= 0.54
    assert all(len(grouping["groups"]) > 1 for grouping in item["groupings"].values())


@pytest.fixture
def brightness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scorer of docs/plugins.md, installed."""
    monkeypatch.syspath_prepend(make_documented_package(tmp_path / "package"))


@pytest.mark.usefixtures("brightness")
def test_scorers_side_by_side(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several scorers get a row each, with the metrics that each has alone."""
    monkeypatch.setenv("COLUMNS", "120")
    own = f"resnet34={PACKAGED}"
    options = ["--data", folder, "--scorer", "brightness", "--scorer", own]
    result = run(*options)
    assert result.exit_code == FAILED
    rows = [line.split() for line in result.stdout.splitlines()]
    order = [row[0] for row in rows if row and row[0] in ("brightness", own)]
    assert order == ["brightness", own]
    # The photos differ in nothing but their brightness, by which they are rated.
    (bright,) = (row for row in rows if row and row[0] == "brightness")
    assert float(bright[1]) > 0.99
    assert "50 photos scored, 3 left out" in result.stdout
    both = json.loads(run(*options, "--json").stdout)["scorers"]
    assert list(both) == ["brightness", own]
    for name, options in (("brightness", ["--scorer", "brightness"]), (own, [])):
        assert json.loads(run("--data", folder, "--json", *options).stdout) == both[name]


@pytest.mark.usefixtures("brightness")
def test_weights_belong_to_the_scorer_of_the_settings(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ATTRAI_WEIGHTS are the weights of ATTRAI_SCORER, and no other scorer's."""
    (tmp_path / "own.onnx").write_bytes(b"")
    monkeypatch.setenv("ATTRAI_SCORER", "onnx")
    monkeypatch.setenv("ATTRAI_WEIGHTS", str(tmp_path / "own.onnx"))
    clean = ["--data", folder, "--split", "train"]
    for options, reason in (
        ([], "own.onnx: OpenVINO can't use it"),
        (["--scorer", "onnx"], "own.onnx: OpenVINO can't use it"),
        (["--scorer", "resnet34=/no/such"], "/no/such"),
        (["--scorer", "taste"], "no scorer 'taste'; there are brightness, onnx, resnet34"),
        (["--scorer", "onnx", "--scorer", "resnet34", "--plots", tmp_path], "--plots draws one"),
    ):
        result = run(*clean, *options)
        assert result.exit_code == USAGE
        (line,) = result.stderr.splitlines()
        assert reason in line
    result = run("--data", folder, "--scorer", "resnet34", "--scorer", "brightness", "--json")
    assert list(json.loads(result.stdout)["scorers"]) == ["resnet34", "brightness"]


def test_a_detector_that_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown detector ends the command with one line."""
    monkeypatch.setenv("ATTRAI_DETECTOR", "eyes")
    result = run("--data", folder)
    assert result.exit_code == USAGE
    assert "no detector 'eyes'; there are facenet, mtcnn" in result.stderr
    assert "Traceback" not in result.output
