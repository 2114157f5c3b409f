"""Heartbeats and health checks, also when temporary files are cleaned up."""

from __future__ import annotations

import os
import shutil
import stat
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
    assert health.problem() == f"{health.folder()} is not a folder of this user's own"
    heartbeat.remove()
    health.folder().unlink()
    heartbeat.touch()
    assert health.problem() is None


def test_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each user has a folder that nobody else may look into, whatever the umask is."""
    umask = os.umask(0)
    try:
        health.Heartbeat()
    finally:
        os.umask(umask)
    first = health.folder()
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    first.chmod(0o777)
    health.Heartbeat()
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    assert health.folder() != first
    assert health.problem() == "no process has a heartbeat here"
    assert health.folder().parent == tmp_path


def test_the_folder_of_another_user() -> None:
    """A folder that another user put in the place of ours is neither used nor changed."""
    if os.getuid():
        pytest.skip("only root can make a folder of another user's")
    theirs = health.folder()
    theirs.mkdir(mode=0o755)
    (theirs / "999999999").touch()
    os.chown(theirs, 4321, 4321)
    heartbeat = health.Heartbeat()
    heartbeat.remove()
    assert health.problem() == f"{theirs} is not a folder of this user's own"
    assert health.processes() == []
    assert [path.name for path in theirs.iterdir()] == ["999999999"]
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o755


@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_a_link_in_place_of_the_folder(tmp_path: Path, target: str) -> None:
    """A link at the folder's path is not followed: nothing is written or deleted behind it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "999999999").touch()
    health.folder().symlink_to(tmp_path / target)
    heartbeat = health.Heartbeat()
    heartbeat.touch()
    heartbeat.remove()
    assert health.problem() == f"{health.folder()} is not a folder of this user's own"
    assert [path.name for path in elsewhere.iterdir()] == ["999999999"]
    assert not (tmp_path / "nowhere").exists()


def test_only_heartbeat_files_are_deleted(tmp_path: Path) -> None:
    """What is not the heartbeat file of an ended process stays, and a link is not touched."""
    health.Heartbeat()
    kept = tmp_path / "kept"
    kept.touch()
    os.utime(kept, (0, 0))
    (health.folder() / "notes.txt").touch()
    (health.folder() / "999999999").mkdir()
    own = health.folder() / str(os.getpid())
    own.unlink()
    own.symlink_to(kept)
    health.Heartbeat()
    names = sorted(path.name for path in health.folder().iterdir())
    assert names == sorted([str(os.getpid()), "999999999", "notes.txt"])
    assert kept.stat().st_mtime == 0
    assert health.problem() == "no process has a heartbeat here"


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
