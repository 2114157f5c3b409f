"""The wheel contains all the files that attrai needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ASTRONAUT, ROOT
from tests.programs import unmeasured


@pytest.mark.slow
def test_wheel_rates_a_photo(tmp_path: Path) -> None:
    """The installed wheel rates a photo with its own weights, fonts and texts, and has all Lua."""
    installed = tmp_path / "installed"
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", tmp_path, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("attrai-*.whl")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", installed]
    subprocess.run([*install, wheel], check=True)
    # Dependencies come from the tests' environment, but attrai does not. Coverage is off because it
    # would count this copy as well as the original.
    environment = {**unmeasured(), "PYTHONPATH": str(installed)}

    def python(*arguments: str) -> str:
        run = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return run.stdout

    place = python("-c", "import attrai.render.text as f, attrai; print(attrai.__file__)")
    assert Path(place.strip()).is_relative_to(installed)
    options = ["-o", str(tmp_path / "out"), "--json", "--renderer", "ranking"]
    item = json.loads(python("-m", "attrai", "rate", str(ASTRONAUT), *options))
    assert item["error"] is None
    assert len(item["faces"]) == 1
    broken = json.loads(python("-m", "attrai", "rate", str(tmp_path / "absent"), "--json"))
    assert "no such file" in broken["error"]["message"]
    assert sorted(path.name for path in (installed / "attrai" / "fonts").glob("*")) == [
        "Inter-Regular.otf",
        "Inter-SemiBold.otf",
        "LICENSE.txt",
    ]
    scripts = [path.relative_to(ROOT / "src") for path in (ROOT / "src").rglob("*.lua")]
    assert scripts
    assert all((installed / script).is_file() for script in scripts)
