"""The README's Python example is correct."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import ASTRONAUT, ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_python_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The README's Python example prints a face's box and score, and saves the picture."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    shutil.copy(ASTRONAUT, tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    exec(code, {})  # noqa: S102 - our own example
    assert re.fullmatch(r"Box\(x1=.*\) [\d.]+ [\d.]+\n", capsys.readouterr().out)
    with Image.open(tmp_path / "rated.jpg") as picture:
        assert picture.size == (512, 512)
