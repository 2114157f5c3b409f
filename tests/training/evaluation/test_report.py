"""Tests of the report: every metric in JSON, and in tables that fit a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from attrai_training.evaluation import (
    Evaluation,
    LabelledPhoto,
    LabelProblem,
    evaluate,
    report,
)
from attrai_training.evaluation.plots import draw

Make = Callable[..., LabelledPhoto]

PROBLEMS = [LabelProblem(row, f"[b]{row}.jpg", "no face", "No [face]") for row in range(2, 14)]


@pytest.fixture
def evaluation(make_photo: Make) -> Evaluation:
    """An evaluation of 30 photos, in which one group has a single photo."""
    photos = [
        make_photo(
            2 + number % 7,
            histogram=(0, 1, 0, 3, 5, 2, 0, 0, 0, 0),
            gender=("female", "male")[number % 2],
            ethnicity="[red]" if number else "alone",
        )
        for number in range(30)
    ]
    values = np.array([photo.score for photo in photos]) * 0.8 + 1 + np.sin(np.arange(30)) / 3
    return made_of(photos, values)


def made_of(photos: list[LabelledPhoto], values: np.ndarray) -> Evaluation:
    """An evaluation of photos with given scores."""
    return evaluate(values, np.full(len(values), 1.5), photos)


def printed(evaluation: Evaluation, problems: list[LabelProblem]) -> list[str]:
    """The lines that are printed on a terminal of 80 columns."""
    console = Console(file=StringIO(), width=80)
    for part in report.tables(evaluation, problems):
        console.print(part)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_json_has_everything(evaluation: Evaluation) -> None:
    """The object holds each metric with its interval, and every row that was left out."""
    item: dict[str, Any] = json.loads(report.as_json(evaluation, PROBLEMS))
    assert (item["photos"], item["left_out"]) == (30, {"no face": 12})
    assert item["problems"][0] == {
        "row": 2,
        "file": "[b]2.jpg",
        "kind": "no face",
        "reason": "No [face]",
    }
    overall = item["overall"]
    assert set(overall) == {
        *{"photos", "pearson", "spearman", "mae", "rmse", "bias", "slope", "intercept"},
    }
    assert overall["mae"] == vars(evaluation.published.overall.mae)
    assert sum(step["photos"] for step in item["calibration"]) == 30
    assert item["coverage"]["ratings"] == 30 * 11
    assert list(item["groupings"]["gender"]["groups"]) == ["female", "male"]
    assert item["groupings"]["gender"]["mae_gap"] >= 0


def test_json_of_what_is_not_defined(evaluation: Evaluation) -> None:
    """An undefined correlation is null, since JSON has no NaN."""
    alone = json.loads(report.as_json(evaluation, []))["groupings"]["ethnicity"]["groups"]["alone"]
    assert alone["pearson"] == {"value": None, "low": None, "high": None}
    assert alone["photos"] == 1


def test_tables(evaluation: Evaluation) -> None:
    """The tables show the metrics, and no line is cut or broken."""
    lines = printed(evaluation, PROBLEMS)
    overall = evaluation.published.overall
    pearson = next(line for line in lines if "Pearson" in line)
    assert f"{overall.pearson.value:.3f}" in pearson
    assert f"{overall.pearson.low:.3f} to {overall.pearson.high:.3f}" in pearson
    text = "\n".join(lines)
    assert "…" not in text
    assert "female, [red]" in text
    (alone,) = (line for line in lines if line.strip().startswith("alone*"))
    assert "–" in alone  # noqa: RUF001 - the dash of the table
    assert "* fewer than 10 photos, left out of the gap" in text
    assert "330 ratings of 30 photos" in text


def test_rows_that_were_left_out(evaluation: Evaluation) -> None:
    """The last lines count the rows left out by kind, and list the first ten."""
    *_, counted = (line for line in printed(evaluation, PROBLEMS[:1]) if "scored" in line)
    assert counted == "30 photos scored, 1 left out: 1 no face"
    lines = printed(evaluation, PROBLEMS)
    assert lines[-12:-9] == [
        "30 photos scored, 12 left out: 12 no face",
        "  row 2 [b]2.jpg: No [face]",
        "  row 3 [b]3.jpg: No [face]",
    ]
    assert lines[-1] == "  and 2 more, which attrai evaluate --json names"
    assert printed(evaluation, [])[-1] == "30 photos scored"


def test_pictures(evaluation: Evaluation, tmp_path: Path) -> None:
    """Four readable plots are drawn."""
    paths = draw(evaluation, tmp_path)
    names = ["scatter.png", "calibration.png", "errors.png", "groups.png"]
    assert [path.name for path in paths] == names
    for path in paths:
        with Image.open(path) as picture:
            assert min(picture.size) > 400
            assert len(picture.convert("RGB").getcolors(10**6) or []) > 10


def test_pictures_of_little(make_photo: Make, tmp_path: Path) -> None:
    """Equal scores and no groups still give the other three plots."""
    photos = [make_photo(float(number)) for number in range(1, 6)]
    draw(made_of(photos, np.full(5, 4.0)), tmp_path)
    names = ["calibration.png", "errors.png", "scatter.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
