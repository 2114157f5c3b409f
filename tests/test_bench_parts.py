"""The benchmark of installed detectors and scorers compares what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from attrai.inference import Engine
from attrai.job import Box, Face
from attrai.settings import Settings
from bench import parts
from bench.stages_photos import Case
from tests.conftest import ASTRONAUT
from tests.packages import make_documented_package


def test_faces_are_paired_once(face: Face) -> None:
    """Each face is paired with the one that it overlaps most, and no face with two."""

    def at(*lefts: float) -> list[Face]:
        return [face.model_copy(update={"box": Box(x, 0, x + 100, 100)}) for x in lefts]

    assert parts.compare_faces(at(0, 300), at(300, 0)) == ([1, 1], 0, 0)
    ious, missed, more = parts.compare_faces(at(0, 10, 500), at(10, 800))
    assert (ious, missed, more) == ([1], 1, 2)
    ious, missed, more = parts.compare_faces(at(0, 200), at(25, 260))
    assert (ious, missed, more) == ([pytest.approx(0.6)], 1, 1)
    assert parts.compare_faces([], at(0)) == ([], 1, 0)
    assert parts.compare_faces(at(0), []) == ([], 0, 1)


def test_a_row_for_each(
    tmp_path: Path,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is installed gets a row, a stranger's too; what can't be opened a line that says why."""
    monkeypatch.syspath_prepend(make_documented_package(tmp_path / "package"))
    parts.run(Settings(), engine, [Case("the example", [ASTRONAUT.read_bytes()])], rounds=2)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    rows = {line[0]: line for line in lines if line and len(line) in (2, 6)}
    assert {"mtcnn", "facenet", "passport", "resnet34", "brightness"} <= set(rows)
    assert rows["mtcnn"][2:] == ["2", "1.00", "0", "0"]
    assert rows["facenet"][2] == "2"
    assert float(rows["facenet"][3]) > 0.8
    assert rows["passport"][2:] == ["0", "-", "2", "2"]
    assert float(rows["brightness"][1]) < float(rows["resnet34"][1])
    assert ["onnx:", "ATTRAI_WEIGHTS", "is", "not", "set:"] in [line[:5] for line in lines]
