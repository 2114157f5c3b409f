"""Which tests may be rerun, and how reruns are reported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

#: Tests that fail on their first run, except for the hopeless one, which always fails.
TESTS = """
from pathlib import Path

import pytest


def fail_at_first(name):
    with (Path(__file__).parent / name).open("a+") as runs:
        runs.write("run ")
        first = runs.tell() == len("run ")
    assert not first, f"{name} was slow"


@pytest.fixture
def redis_server():
    fail_at_first("fixture")


def test_fixture(redis_server):
    pass


@pytest.mark.browser
def test_browser():
    fail_at_first("browser")


@pytest.mark.engine
def test_engine():
    fail_at_first("engine")


@pytest.mark.slow
@pytest.mark.training
def test_otherwise():
    fail_at_first("otherwise")


def test_unmarked():
    fail_at_first("unmarked")


@pytest.mark.servers
def test_hopeless():
    fail_at_first("hopeless")
    raise RuntimeError("no hope")
"""


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a folder's tests with this project's plugins, and return the exit status and output."""
    command = [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", f"--rootdir={folder}"]
    plugins = ["-p", "tests.selection", "-p", "tests.reruns"]
    done = subprocess.run(
        [*command, *plugins, *arguments, folder],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if "PYTEST" not in name},
        capture_output=True,
        check=False,
        text=True,
    )
    return done.returncode, done.stderr + done.stdout


def test_a_rerun_shows(tmp_path: Path) -> None:
    """A failed test of a server, a browser or an engine is rerun once and listed with its error."""
    (tmp_path / "test_some.py").write_text(TESTS)
    status, printed = run(tmp_path, "-n", "2", "--dist", "loadfile")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "3 failed, 3 passed, 4 rerun" in printed.splitlines()[-1]
    _, listed = printed.split(" rerun test summary info ")
    for name in ("fixture", "browser", "engine", "hopeless"):
        assert listed.count(f"AssertionError: {name} was slow") == 1
        assert listed.count(f"RERUN test_some.py::test_{name}") == 1
        assert (tmp_path / name).read_text() == "run run "
    assert listed.count("RERUN") == 4
    for name in ("unmarked", "otherwise"):
        assert (tmp_path / name).read_text() == "run "


def test_nothing_else_asks_for_a_rerun(tmp_path: Path) -> None:
    """A test that is marked as flaky ends the run with a usage error."""
    (tmp_path / "test_own.py").write_text(
        "import pytest\n@pytest.mark.flaky(reruns=3)\ndef test_own(): pass"
    )
    status, printed = run(tmp_path)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "test_own" in printed
