"""Heartbeats and health checks, also when temporary files are cleaned up."""

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
    """A process is healthy while its heartbeat is fresh, and an ended one doesn't count."""
    assert health.problem() == "no process has a heartbeat here"
    heartbeat = health.Heartbeat()
    assert health.problem() is None
    file = health.folder() / str(os.getpid())
    long_ago = time.time() - health.STALE_SECONDS - 1
    os.utime(file, (long_ago, long_ago))
    assert "has been silent for" in str(health.problem())
    heartbeat.touch()
    assert health.problem() is None
    (health.folder() / "999999999").touch()  # the file of a killed process
    assert health.Heartbeat() is not None
    assert [path.name for path in health.folder().iterdir()] == [str(os.getpid())]
    heartbeat.remove()
    assert health.problem() is not None


def test_a_folder_that_is_cleaned_up_comes_again() -> None:
    """If the folder is deleted, the next heartbeat creates it again."""
    heartbeat = health.Heartbeat()
    shutil.rmtree(health.folder())
    assert health.problem() == "no process has a heartbeat here"
    heartbeat.touch()
    assert health.problem() is None


def test_a_process_ends_in_order_without_its_file() -> None:
    """A process whose file or folder was deleted shuts down cleanly."""
    heartbeat = health.Heartbeat()
    (health.folder() / str(os.getpid())).unlink()
    heartbeat.remove()
    shutil.rmtree(health.folder())
    heartbeat.remove()


def test_a_folder_that_can_not_be_written_stops_nobody() -> None:
    """A process runs even if its heartbeat can't be written, and the health check reports it."""
    health.folder().write_bytes(b"")  # root can write to any folder, so a file takes its place
    heartbeat = health.Heartbeat()
    heartbeat.touch()
    assert health.problem() == "no process has a heartbeat here"
    heartbeat.remove()
    health.folder().unlink()
    heartbeat.touch()
    assert health.problem() is None


def test_a_process_that_ends_during_the_check_is_not_missed() -> None:
    """A file that disappears during the check doesn't affect the other processes."""
    heartbeat = health.Heartbeat()
    (health.folder() / "999999999").symlink_to("gone")
    assert health.problem() is None
    heartbeat.remove()
    assert health.problem() == "no process has a heartbeat here"


def test_the_check_is_cheap() -> None:
    """The health check, which runs every few seconds, imports only the standard library."""
    code = """
import sys
before = set(sys.modules)
import attrai.health
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} - {"attrai"}))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert set(done.stdout.split()) <= sys.stdlib_module_names
