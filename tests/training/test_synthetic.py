"""Tests of synthetic faces, with a small generator of the real one's interface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino
import openvino.opset15 as ops
import pytest
from PIL import Image
from typer.testing import CliRunner

from attrai.cli import app
from attrai_training.errors import UnusableTeacher
from attrai_training.synthetic import SIDE, FaceGenerator

NUMBERS, DRAWN = 512, 16


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the two networks of a generator."""
    folder = tmp_path_factory.mktemp("generator")
    rng = np.random.default_rng(0)
    given = ops.parameter([1, NUMBERS], np.float32, name="var")
    styled = ops.matmul(given, 2 * np.eye(NUMBERS, dtype=np.float32), False, False)
    openvino.save_model(openvino.Model([styled], [given]), folder / "MappingNetwork.xml")
    style = ops.parameter([1, NUMBERS], np.float32, name="style")
    kernel = rng.normal(0, 0.03, (NUMBERS, 3 * DRAWN**2)).astype(np.float32)
    pixels = ops.tanh(ops.matmul(style, kernel, False, False))
    image = ops.reshape(pixels, np.array([1, 3, DRAWN, DRAWN]), False)
    openvino.save_model(openvino.Model([image], [style]), folder / "SynthesisNetwork.xml")
    return folder


def test_a_face_is_told_by_its_seed(generator: Path) -> None:
    """A seed always draws the same face, another seed draws another, and both have contrast."""
    first, again, other = (
        FaceGenerator(generator).face(np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.shape == (SIDE, SIDE, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 10
    assert first.std() > 10


def test_the_command_goes_on_where_it_was(generator: Path, tmp_path: Path) -> None:
    """The command writes the missing pictures and leaves existing ones unchanged."""

    def generate(count: int) -> str:
        common = ["train", "generate-faces", "--generator", generator, "--out", tmp_path / "faces"]
        result = CliRunner().invoke(app, [*map(str, common), "--count", str(count)])
        assert result.exit_code == 0, result.output
        return result.stdout

    generate(2)
    kept = tmp_path / "faces" / "00001.jpg"
    kept.write_bytes(b"kept")
    assert f"4 photos in {tmp_path / 'faces'}" in generate(4)
    assert kept.read_bytes() == b"kept"
    names = sorted(path.name for path in kept.parent.iterdir())
    assert names == ["00000.jpg", "00001.jpg", "00002.jpg", "00003.jpg"]
    with Image.open(kept.with_name("00003.jpg")) as picture:
        assert picture.size == (SIDE, SIDE)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    """A missing file, or one that is no network, is refused with one line that names it."""
    with pytest.raises(UnusableTeacher, match=r"MappingNetwork\.xml: no such file"):
        FaceGenerator(tmp_path)
    for name in ("MappingNetwork", "SynthesisNetwork"):
        (tmp_path / f"{name}.xml").write_text("<net></net>")
        (tmp_path / f"{name}.bin").write_bytes(b"")
    with pytest.raises(UnusableTeacher, match="holds no generator of faces") as refusal:
        FaceGenerator(tmp_path)
    assert "\n" not in str(refusal.value)
