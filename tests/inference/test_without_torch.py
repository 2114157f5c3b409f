"""Where torch is not installed, everything works but what asks for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ASTRONAUT

#: Makes torch look as if it were not installed, to `import` and to `find_spec`.
HIDDEN = (
    "import sys; sys.modules.update(dict.fromkeys(['torch', 'torchvision', 'facenet_pytorch']))"
)


@pytest.fixture(autouse=True)
def _hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide torch from the processes that a test starts, and from those that they start."""
    (tmp_path / "sitecustomize.py").write_text(HIDDEN)
    paths = [str(tmp_path), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def attrai(*arguments: object) -> subprocess.CompletedProcess[str]:
    return python("-m", "attrai", *arguments)


def test_modules() -> None:
    """Every module of the service can be imported, except for the torch engine."""
    run = python(
        "-c",
        """
import importlib, pkgutil, attrai
names = [module.name for module in pkgutil.walk_packages(attrai.__path__, "attrai.")]
failed = []
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        failed.append((name, error.name))
assert {"attrai.actors.detect", "attrai.actors.score", "attrai.worker"} <= set(names)
print(failed)
""",
    )
    assert run.stdout == "[('attrai.inference.torch_engine', 'torch')]\n", run.stderr


def test_a_photo_is_rated(tmp_path: Path) -> None:
    """A photo is rated, by OpenVINO."""
    run = attrai("rate", ASTRONAUT, "-o", tmp_path, "--json")
    assert run.returncode == 0, run.stderr
    assert len(json.loads(run.stdout)["faces"]) == 1


@pytest.mark.parametrize(
    ("command", "status"),
    [(["rate", ASTRONAUT], 2), (["bot", "--embedded"], 2), (["worker", "detect"], 1)],
)
def test_the_torch_engine(
    monkeypatch: pytest.MonkeyPatch, command: list[object], status: int
) -> None:
    """Every command refuses the torch engine with one line that says how to install it."""
    monkeypatch.setenv("ATTRAI_ENGINE", "torch")
    run = attrai(*command)
    assert run.returncode == status
    (line,) = [line for line in run.stderr.splitlines() if "ATTRAI_ENGINE=torch" in line]
    assert "pip install 'attrai[torch]'" in line


def test_training() -> None:
    """`attrai train` ends with one line that says how to install what it needs."""
    run = attrai("train", "--data", ASTRONAUT.parent, "--out", "/nowhere")
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert "pip install 'attrai[training]'" in line
