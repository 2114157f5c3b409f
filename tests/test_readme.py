"""The README's code examples, settings table and links are correct."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from pydantic import SecretStr
from typer.testing import CliRunner

from attrai.cli import app
from attrai.settings import Settings
from tests.conftest import ASTRONAUT, ROOT

README = (ROOT / "README.md").read_text("utf-8")


def block(language: str) -> str:
    """Return the README's only code block in `language`."""
    (code,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(code)


def test_renderer_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's example renderer, once installed, draws on the photo."""
    project = tomllib.loads(block("toml"))["project"]
    metadata = tmp_path / "attrai_stamp-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\n")
    ((group, renderers),) = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {place}" for name, place in renderers.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    (tmp_path / "stamp.py").write_text(block("python"))
    monkeypatch.syspath_prepend(tmp_path)

    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, ["rate", str(ASTRONAUT), "-o", str(out), "--renderer", "stamp"]
    )
    assert result.exit_code == 0, result.output
    with Image.open(out / "astronaut.rated.jpg") as picture, Image.open(ASTRONAUT) as photo:
        difference = ImageChops.difference(picture.convert("RGB"), photo.convert("RGB"))
    drawn = difference.convert("L").point(lambda level: 255 if level > 60 else 0).getbbox()
    assert drawn == pytest.approx((180, 59, 269, 173), abs=12)  # around the face


def test_settings_table() -> None:
    """The README lists every setting with its variable and default."""
    rows = dict(re.findall(r"^\| `(ATTRAI_\w+)` \| (.*?) \|", README, re.MULTILINE))
    fields = Settings.model_fields
    assert {f"ATTRAI_{name.upper()}" for name in fields} == set(rows)
    for name, field in fields.items():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        nothing = "the packaged ones" if name == "weights" else "none"
        shown = rows[f"ATTRAI_{name.upper()}"].strip("`")
        assert shown == (nothing if default is None else str(default))


def test_local_links() -> None:
    """Every file that the README links to exists."""
    targets = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert targets
    assert [link for link in targets if not (ROOT / link).exists()] == []
