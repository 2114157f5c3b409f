"""The torchvision shim: torchvision can be imported even if its compiled part doesn't load."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from bench.torchvision_shim import compiled_part_loads
from tests.conftest import ROOT


@pytest.mark.slow
def test_import_after_the_shim() -> None:
    """With the shim, torchvision's models can be imported and run in a fresh process."""
    program = (
        "from bench import torchvision_shim as shim; shim.make_importable();"
        "shim.make_importable();"
        "import torch; from torchvision.models import resnet18;"
        "print(tuple(resnet18(num_classes=3).eval()(torch.zeros(1, 3, 64, 64)).shape))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "(1, 3)"


@pytest.mark.slow
def test_the_loader_decides(tmp_path: Path) -> None:
    """A file counts as loadable if and only if the dynamic loader can load it."""
    broken = tmp_path / "_C.so"
    broken.write_bytes(b"no library")
    assert not compiled_part_loads(broken)
    (library,) = Path(str(distribution("torch").locate_file("torch/lib"))).glob("libtorch_cpu.*")
    assert compiled_part_loads(library)
