"""The examples of plug-ins work as strangers install them: docs/plugins.md and examples/."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageChops

from attrai.errors import SettingsError
from attrai.faces import FaceFinder
from attrai.inference import Engine
from attrai.locales import text
from attrai.scoring.onnx_scorer import OnnxScorer
from attrai.settings import Settings
from tests.conftest import ASTRONAUT, ROOT
from tests.networks import node, write_onnx
from tests.packages import make_documented_package, make_package, path_with


def rate(folder: Path, *options: str, **variables: str) -> tuple[Any, Image.Image]:
    """Rate the example photo with the documented package; return what is printed and drawn."""
    package = make_documented_package(folder / "package")
    command = [sys.executable, "-m", "attrai", "rate", str(ASTRONAUT), "-o", str(folder), "--json"]
    environment = os.environ | {"PYTHONPATH": path_with(package)} | variables
    done = subprocess.run(
        [*command, *options], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout), Image.open(folder / "astronaut.rated.jpg").convert("RGB")


def test_renderer_example(tmp_path: Path) -> None:
    """The example renderer, once installed, draws on the photo."""
    _, picture = rate(tmp_path, "--renderer", "stamp")
    with Image.open(ASTRONAUT) as photo:
        difference = ImageChops.difference(picture, photo.convert("RGB"))
    drawn = difference.convert("L").point(lambda level: 255 if level > 60 else 0).getbbox()
    assert drawn == pytest.approx((180, 59, 269, 173), abs=12)  # around the face


def test_detector_and_scorer_examples(tmp_path: Path) -> None:
    """The example detector and scorer, once installed, are used where the settings name them."""
    rated, _ = rate(tmp_path, ATTRAI_DETECTOR="passport", ATTRAI_SCORER="brightness")
    (face,) = rated["faces"]
    assert face["box"] == pytest.approx([128, 76.8, 384, 409.6], abs=0.1)
    assert face["spread"] == 0.5
    bright = np.asarray(Image.open(ASTRONAUT).convert("RGB"))[77:410, 128:384].mean()
    assert face["score"] == pytest.approx(1 + 9 * bright / 255, abs=1)


def test_channel_example(tmp_path: Path) -> None:
    """The example channel answers with all stages in one process, with a picture or a reason."""
    package = make_documented_package(tmp_path / "package")
    photo, rubbish = tmp_path / "me.jpg", tmp_path / "rubbish.jpg"
    shutil.copy(ASTRONAUT, photo)
    rubbish.write_bytes(b"rubbish")
    outputs = [
        subprocess.run(
            [sys.executable, str(package / "try_postbox.py"), str(file)],
            env=os.environ | {"PYTHONPATH": path_with(package)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for file in (photo, rubbish)
    ]
    # After the log, which nobody has configured.
    faces, none = (output.splitlines()[-1] for output in outputs)
    assert faces.count("ScoredFace(") == 1
    assert none == "()"
    with Image.open(tmp_path / "me.rated.jpg") as picture:
        assert picture.size == (512, 512)
    assert (tmp_path / "rubbish.rated.txt").read_text() == text("not-an-image")


def test_metadata_example(tmp_path: Path, engine: Engine) -> None:
    """The example that describes a network in ONNX makes it one that `onnx` reads."""
    package = make_documented_package(tmp_path / "package")
    nodes = [
        node("ReduceMean", "image", "means", axes=[2, 3], keepdims=0),
        node("Gemm", "means weight", "output"),
    ]
    weight = np.eye(3, 10, dtype=np.float32)
    path = write_onnx(
        tmp_path / "own.onnx",
        nodes,
        {"image": ["n", 3, 128, 128]},
        {"output": ["n", 10]},
        {"weight": weight},
    )
    subprocess.run([sys.executable, str(package / "describe.py"), str(path)], check=True)
    scorer = OnnxScorer.open(Settings(scorer="onnx", weights=path), engine)
    (value,) = scorer.predict(np.full((1, 128, 128, 3), (255, 0, 0), np.uint8)).values
    logits = np.r_[(255 - 123.7) / 58.4, -116.3 / 57.1, -103.5 / 57.4, np.zeros(7)]
    assert value == pytest.approx(np.average(np.arange(1, 11), weights=np.exp(logits)), abs=1e-3)


def small_yunet(path: Path) -> Path:
    """Write a network with YuNet's input and outputs, for which blue is a face.

    The face is twice as wide as its cell of the coarsest grid, and as high; the other grids find
    faces that are half as probable.
    """
    nodes = [node("Slice", "input first last channel", "blue")]
    constants: dict[str, NDArray[Any]] = {
        "first": np.array([0]), "last": np.array([1]), "channel": np.array([1]),
        "column": np.array([1, -1, 1]),
    }  # fmt: skip
    outputs = {}
    for stride in (8, 16, 32):
        cells = (640 // stride) ** 2
        constants[f"most_{stride}"] = np.array(255 if stride == 32 else 510, np.float32)
        box = np.array([0.5, 0.5, np.log(2), np.log(1)], np.float32)
        points = np.array([0.3, 0.3, 0.7, 0.3, 0.5, 0.5, 0.3, 0.7, 0.7, 0.7], np.float32)
        for name, values in (("bbox", box), ("kps", points)):
            constants[f"{name}s_{stride}"] = np.tile(values, (1, cells, 1))
            nodes.append(node("Identity", f"{name}s_{stride}", f"{name}_{stride}"))
            outputs[f"{name}_{stride}"] = [1, cells, len(values)]
        nodes += [
            node(
                "AveragePool",
                "blue",
                f"a_{stride}",
                kernel_shape=[stride] * 2,
                strides=[stride] * 2,
            ),
            node("Div", f"a_{stride} most_{stride}", f"b_{stride}"),
            node("Reshape", f"b_{stride} column", f"cls_{stride}"),
            node("Identity", f"cls_{stride}", f"obj_{stride}"),
        ]
        outputs |= {f"cls_{stride}": [1, cells, 1], f"obj_{stride}": [1, cells, 1]}
    return write_onnx(path, nodes, {"input": [1, 3, 640, 640]}, outputs, constants)


@pytest.mark.parametrize("scale", [1, 2])
def test_yunet(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, scale: int) -> None:
    """The example reads a network like YuNet, and puts its faces where they are on the photo."""
    folder = ROOT / "examples" / "yunet"
    entries = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["entry-points"]
    code = (folder / "attrai_yunet.py").read_text()
    package = make_package(tmp_path, "attrai_yunet", code, detectors=entries["attrai.detectors"])
    monkeypatch.syspath_prepend(package)
    monkeypatch.delitem(sys.modules, "attrai_yunet", raising=False)
    settings = Settings(detector="yunet")
    monkeypatch.delenv("YUNET_MODEL", raising=False)
    with pytest.raises(SettingsError, match="YUNET_MODEL"):
        FaceFinder.open(settings, engine)
    monkeypatch.setenv("YUNET_MODEL", str(small_yunet(tmp_path / "own.onnx")))
    finder = FaceFinder.open(settings, engine)
    photo = np.zeros((480 * scale, 640 * scale, 3), np.uint8)
    assert finder(photo) == ((), 0)
    # A blue cell in the 6th row and 11th column, and two neighbours, one of them another red one.
    cells = [(5, 10, (0, 0, 255)), (5, 11, (0, 0, 180)), (10, 3, (255, 0, 0))]
    for row, column, colour in cells:
        photo[row * 32 * scale :, column * 32 * scale :][: 32 * scale, : 32 * scale] = colour
    (face,), found = finder(photo)
    assert found == 1
    assert face.probability == pytest.approx(1)
    np.testing.assert_allclose(face.box, np.array([304, 160, 368, 192]) * scale, atol=1)
    np.testing.assert_allclose(face.landmarks[0], np.array([329.6, 169.6]) * scale, atol=1)
    np.testing.assert_allclose(face.landmarks[4], np.array([342.4, 182.4]) * scale, atol=1)
    small = Settings(detector="yunet", min_face_side=65 * scale)
    assert FaceFinder.open(small, engine)(photo) == ((), 0)
