"""Heartbeats: who is well, and what cleaning up temporary files does to them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attrai import health


@pytest.fixture(autouse=True)
def _temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_health() -> None:
    """A process is well while its heart beats; an ended one counts no more."""
    assert health.problem() == "no process has a heartbeat here"
    heartbeat = health.Heartbeat()
    assert health.problem() is None
    file = health.folder() / str(os.getpid())
    long_ago = time.time() - health.STALE_SECONDS - 1
    os.utime(file, (long_ago, long_ago))
    assert "has been silent for" in str(health.problem())
    heartbeat.touch()
    assert health.problem() is None
    (health.folder() / "999999999").touch()  # of a process that was killed
    assert health.Heartbeat() is not None
    assert [path.name for path in health.folder().iterdir()] == [str(os.getpid())]
    heartbeat.remove()
    assert health.problem() is not None


def test_a_folder_that_is_cleaned_up_comes_again() -> None:
    """When the folder is deleted under an idle process, its next heartbeat makes it anew."""
    heartbeat = health.Heartbeat()
    shutil.rmtree(health.folder())
    assert health.problem() == "no process has a heartbeat here"
    heartbeat.touch()
    assert health.problem() is None


def test_a_process_ends_in_order_without_its_file() -> None:
    """A process whose file or folder was deleted ends as others do."""
    heartbeat = health.Heartbeat()
    (health.folder() / str(os.getpid())).unlink()
    heartbeat.remove()
    shutil.rmtree(health.folder())
    heartbeat.remove()


def test_a_folder_that_can_not_be_written_stops_nobody() -> None:
    """Where no heartbeat can be written a process starts, lives and ends, and the check tells."""
    health.folder().write_bytes(b"")  # root may write into any folder, but not into a file
    heartbeat = health.Heartbeat()
    heartbeat.touch()
    assert health.problem() == "no process has a heartbeat here"
    heartbeat.remove()
    health.folder().unlink()
    heartbeat.touch()
    assert health.problem() is None


def test_a_process_that_ends_during_the_check_is_not_missed() -> None:
    """A file that is gone by the time it is looked at says nothing of the others."""
    heartbeat = health.Heartbeat()
    (health.folder() / "999999999").symlink_to("gone")
    assert health.problem() is None
    heartbeat.remove()
    assert health.problem() == "no process has a heartbeat here"


def test_the_check_is_cheap() -> None:
    """A health check, which runs every few seconds, loads no package that takes time to load."""
    code = """
import sys
before = set(sys.modules)
import attrai.health
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} - {"attrai"}))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert set(done.stdout.split()) <= sys.stdlib_module_names
